resource "mlops_training" "delay" {
  dataset_id = mlops_dataset.flights.id
  name       = "flight-delay"
  image      = "flight-delay:1.0.0"
  train      = { command = ["flight-delay", "train"], timeout = "30m" }
  evaluate   = { command = ["flight-delay", "evaluate"] }
  serve      = { command = ["flight-delay", "serve"] }
  parameters = { l2 = "0.01" }
}
