# The whole loop; variables are what the stories change.

variable "folder" { type = string }
variable "source_file" { type = string }
variable "image" { default = "flight-delay:1.0.0" }
variable "window" { default = "24h" }
variable "replicas" { default = 2 }
variable "on_destroy" { default = "delete" }
variable "port" { default = 8765 }
variable "parameters" {
  type    = map(string)
  default = { l2 = "0.01" }
}
variable "features" {
  type    = map(object({ sensitivity = optional(number) }))
  default = null
}
variable "slices" {
  type    = map(object({ metric = string, maximum_gap = number }))
  default = null
}
variable "deployment" {
  type    = string
  default = null
}

resource "mlops_project" "p" {
  name       = "flights"
  local      = { path = var.folder, port = var.port }
  on_destroy = var.on_destroy
  owners = {
    data_engineer  = { email = "data-engineering@example.com" }
    data_scientist = { email = "data-science@example.com" }
  }
  notifications = { drift = ["mlops_engineer", "data_scientist"] }
}

resource "mlops_dataset" "d" {
  project_id = mlops_project.p.id
  name       = "flights"
  columns = {
    at       = { type = "timestamp", role = "timestamp" }
    distance = { type = "number", minimum = 0, maximum = 6000, unit = "miles" }
    origin   = { type = "category", categories = ["ATL", "SFO"] }
    late     = { type = "boolean", role = "label" }
  }
}

resource "mlops_dataset_version" "v" {
  dataset_id = mlops_dataset.d.id
  source     = var.source_file
}

resource "mlops_training" "t" {
  dataset_id = mlops_dataset.d.id
  name       = "delay"
  image      = var.image
  train      = { command = ["flight-delay", "train"], timeout = "PT30M" }
  evaluate   = { command = ["flight-delay", "evaluate"] }
  serve      = { command = ["flight-delay", "serve"] }
  parameters = var.parameters
}

resource "mlops_model" "m" {
  training_id = mlops_training.t.id
  name        = "delay"
  owner       = mlops_project.p.owners.data_scientist.email
  validation = {
    metrics = { auc = { goal = "maximize", minimum = 0.55 } }
    slices  = var.slices
  }
}

resource "mlops_deployment" "s" {
  model_id = mlops_model.m.id
  name     = var.deployment
  replicas = var.replicas
}

resource "mlops_drift_monitor" "w" {
  deployment_id = mlops_deployment.s.id
  schedule      = "*/5 * * * *"
  window        = var.window
  features      = var.features
  alert         = { notify = ["mlops_engineer"] }
}

resource "mlops_retrain_policy" "r" {
  model_id = mlops_model.m.id
  triggers = {
    drift           = { monitor_ids = [mlops_drift_monitor.w.id] }
    dataset_version = {}
    schedule        = { cron = "0 4 * * 1", time_zone = "Europe/Berlin" }
  }
  guards = { cooldown = "1d" }
}

data "mlops_model_version" "newest" {
  model_id = mlops_model.m.id
}

data "mlops_model_version" "champion" {
  model_id = mlops_model.m.id
  alias    = "champion"
}

data "mlops_drift_report" "latest" {
  monitor_id = mlops_drift_monitor.w.id
}

data "mlops_runs" "all" {
  model_id = mlops_model.m.id
}
