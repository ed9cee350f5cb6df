data "mlops_model_version" "champion" {
  model_id = mlops_model.delay.id
  alias    = "champion"
}

output "champion" {
  value = data.mlops_model_version.champion.found ? data.mlops_model_version.champion.number : null
}
