data "mlops_drift_report" "delay" {
  monitor_id = mlops_drift_monitor.delay.id
}

output "verdict" {
  value = data.mlops_drift_report.delay.verdict
}
