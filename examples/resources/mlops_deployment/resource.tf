resource "mlops_deployment" "delay" {
  model_id        = mlops_model.delay.id
  alias           = "champion"
  replicas        = 2
  data_collection = { sampling_percentage = 50, retention_days = 30, redact = ["origin"] }
  roll_out        = { timeout = "10m", watch = "1m" }
}

output "endpoint_url" {
  value = mlops_deployment.delay.endpoint_url
}
