# A flight-delay model, from training data to a watched deployment. `make demo` at the top of the repository applies this
# file and shows what it does; README.md beside it walks through by hand.

terraform {
  required_providers {
    mlops = {
      source = "terraform-mlops/mlops"
    }
  }
}

provider "mlops" {}

variable "cooldown" {
  description = "Least time between the starts of two training runs. The demo has no day to wait: see demo.tfvars."
  type        = string
  default     = "24h"
}

variable "image" {
  description = "The model's code. On one machine its tag is a name; the program is found on the PATH of `mlops local`."
  type        = string
  default     = "flight-delay:1.0.0"
}

variable "parameters" {
  description = "What the trainer is told."
  type        = map(string)
  default     = { l2 = "0.01" }
}

variable "port" {
  description = "Port of the one address, on 127.0.0.1, behind which all models of the project are served."
  type        = number
  default     = 8765
}

resource "mlops_project" "flights" {
  name  = "flights"
  local = { path = ".mlops", port = var.port } # or: azure = { ... }
  owners = {
    data_engineer  = { email = "data-engineering@example.com" }
    data_scientist = { email = "data-science@example.com" }
    mlops_engineer = { email = "ml-platform@example.com" }
  }
}

resource "mlops_dataset" "flights" {
  project_id = mlops_project.flights.id
  name       = "flights"
  columns = {
    scheduled_departure = { type = "timestamp", role = "timestamp" }
    distance_miles      = { type = "number", minimum = 0, maximum = 6000 }
    origin              = { type = "category" }
    destination         = { type = "category" }
    late                = { type = "boolean", role = "label" }
  }
}

resource "mlops_dataset_version" "january" {
  dataset_id = mlops_dataset.flights.id
  source     = "data/2001-01.csv"
}

resource "mlops_training" "delay" {
  dataset_id = mlops_dataset.flights.id
  name       = "flight-delay"
  image      = var.image
  train      = { command = ["flight-delay", "train"], timeout = "30m" }
  evaluate   = { command = ["flight-delay", "evaluate"] }
  serve      = { command = ["flight-delay", "serve"], score_path = "/score", health_path = "/healthz" }
  parameters = var.parameters
}

resource "mlops_model" "delay" {
  training_id = mlops_training.delay.id
  name        = "flight-delay"
  owner       = mlops_project.flights.owners.data_scientist.email
  validation  = { metrics = { auc = { goal = "maximize", minimum = 0.55, tolerance = 0 } } }
}

resource "mlops_deployment" "delay" {
  model_id        = mlops_model.delay.id
  alias           = "champion"
  replicas        = 2
  data_collection = { sampling_percentage = 100, retention_days = 90 }
}

resource "mlops_drift_monitor" "delay" {
  deployment_id = mlops_deployment.delay.id
  schedule      = "*/5 * * * *"
  window        = "24h"
  alert         = { severity = 2, notify = ["mlops_engineer"] }
}

resource "mlops_retrain_policy" "delay" {
  model_id = mlops_model.delay.id
  triggers = {
    drift           = { monitor_ids = [mlops_drift_monitor.delay.id] }
    dataset_version = {}
    code            = {}
  }
  guards   = { cooldown = var.cooldown }
  approval = { mode = "manual" }
}

output "endpoint_url" {
  description = "Where the model answers, whichever version is champion."
  value       = mlops_deployment.delay.endpoint_url
}
