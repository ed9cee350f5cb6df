# The whole loop, small: what terraform apply is killed over.

terraform {
  required_providers {
    mlops = {
      source = "terraform-mlops/mlops"
    }
  }
}

variable "port" { type = number }
variable "witness" { type = string }
variable "image" { default = "trainer:1" }
variable "window" { default = "24h" }
variable "on_destroy" { default = "refuse" }

resource "mlops_project" "p" {
  name       = "flights"
  local      = { path = "project", port = var.port }
  on_destroy = var.on_destroy
  owners = {
    data_engineer  = { email = "data@example.com" }
    data_scientist = { email = "science@example.com" }
    mlops_engineer = { email = "platform@example.com" }
  }
}

resource "mlops_dataset" "d" {
  project_id = mlops_project.p.id
  name       = "flights"
  columns = {
    at   = { type = "timestamp", role = "timestamp" }
    x    = { type = "number" }
    late = { type = "boolean", role = "label" }
  }
}

resource "mlops_dataset_version" "v" {
  dataset_id = mlops_dataset.d.id
  source     = "rows-1.csv"
}

resource "mlops_training" "t" {
  dataset_id = mlops_dataset.d.id
  name       = "delay"
  image      = var.image
  train      = { command = ["trainer", "train"] }
  evaluate   = { command = ["trainer", "evaluate"] }
  serve      = { command = ["trainer", "serve"] }
  parameters = { witness = var.witness }
}

resource "mlops_model" "m" {
  training_id = mlops_training.t.id
  name        = "delay"
  validation  = { metrics = { auc = { goal = "maximize", minimum = 0.6, tolerance = 1 } } }
}

resource "mlops_deployment" "s" {
  model_id = mlops_model.m.id
  replicas = 2
  roll_out = { timeout = "1m", watch = "0s" }
}

resource "mlops_drift_monitor" "w" {
  deployment_id = mlops_deployment.s.id
  schedule      = "0 0 1 1 *"
  window        = var.window
}

resource "mlops_retrain_policy" "r" {
  model_id = mlops_model.m.id
  triggers = { dataset_version = {}, code = {} }
  guards   = { cooldown = "0s" }
  approval = { mode = "automatic" }
}
