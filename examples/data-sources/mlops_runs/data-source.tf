data "mlops_runs" "delay" {
  model_id = mlops_model.delay.id
}

output "waiting_for_approval" {
  value = [for run in coalesce(data.mlops_runs.delay.runs, []) : run.id if run.state == "awaiting_approval"]
}
