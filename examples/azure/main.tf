# The project of ../quickstart on Azure: azure in the place of local, and images that the cluster can pull. All else is the
# same.

variable "image" {
  description = "The model's code, in a registry that the cluster can pull from."
  type        = string
  default     = "registry.example.com/flight-delay:1.0.0"
}

variable "agent_image" {
  description = "The mlops binary's image, or a mirror of it."
  type        = string
  default     = "registry.example.com/mlops:0.1.0"
}

variable "approvers" {
  description = "Object id, in Entra, of the group that approves candidates."
  type        = string
  default     = null
}

resource "mlops_project" "flights" {
  name = "flights"
  azure = {
    store = { storage_account_id = azurerm_storage_account.ml.id }
    clusters = {
      weu = { id = azurerm_kubernetes_cluster.ml.id, namespace = "flights", create_namespace = true }
    }
    telemetry = { application_insights_id = azurerm_application_insights.ml.id }
    alerts    = { resource_group_id = azurerm_resource_group.ml.id }
    identities = {
      control = azurerm_user_assigned_identity.ml["control"].id
      jobs    = azurerm_user_assigned_identity.ml["jobs"].id
      serving = azurerm_user_assigned_identity.ml["serving"].id
    }
    agent_image = var.agent_image
  }
  owners = {
    data_engineer  = { email = "data-engineering@example.com" }
    data_scientist = { email = "data-science@example.com", principal_id = var.approvers, principal_type = "Group" }
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
  source     = "../quickstart/data/2001-01.csv"
}

resource "mlops_training" "delay" {
  dataset_id = mlops_dataset.flights.id
  name       = "flight-delay"
  image      = var.image
  train      = { command = ["flight-delay", "train"], timeout = "30m" }
  evaluate   = { command = ["flight-delay", "evaluate"] }
  serve      = { command = ["flight-delay", "serve"], score_path = "/score", health_path = "/healthz" }
  parameters = { l2 = "0.01" }
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
  resources       = { cpu = "500m", memory = "512Mi" }
  data_collection = { sampling_percentage = 100, retention_days = 90 }
  health          = { failure_percent = 1, p95_latency = "500ms" }
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
  guards   = { cooldown = "24h" }
  approval = { mode = "manual" }
}

output "endpoint_url" {
  description = "Where the model answers within the cluster, whichever version is champion."
  value       = mlops_deployment.delay.endpoint_url
}
