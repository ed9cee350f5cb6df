resource "mlops_retrain_policy" "delay" {
  model_id = mlops_model.delay.id
  triggers = {
    drift           = { monitor_ids = [mlops_drift_monitor.delay.id] }
    dataset_version = {}
    code            = {}
    schedule        = { cron = "0 4 1 * *", time_zone = "Europe/Berlin" }
  }
  guards   = { cooldown = "24h", maximum_runs = 10, budget_period = "30d" }
  approval = { mode = "manual", expiry = "7d", four_eyes = true }
}
