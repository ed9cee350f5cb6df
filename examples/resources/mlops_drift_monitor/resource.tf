resource "mlops_drift_monitor" "delay" {
  deployment_id = mlops_deployment.delay.id
  schedule      = "0 * * * *"
  time_zone     = "Europe/Berlin"
  window        = "24h"
  season        = "7d"
  features = {
    distance_miles = { sensitivity = 2 }
    origin         = {}
  }
  alert = { severity = 2, notify = ["mlops_engineer"] }
}
