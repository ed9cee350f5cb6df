# What a platform team has around the project: a storage account, a cluster, telemetry and identities. The project itself is
# in main.tf, and plans whole while all of this is still to be made.

resource "azurerm_resource_group" "ml" {
  name     = "${var.name}-ml"
  location = var.location
}

resource "azurerm_storage_account" "ml" {
  name                            = replace("${var.name}ml", "-", "")
  resource_group_name             = azurerm_resource_group.ml.name
  location                        = azurerm_resource_group.ml.location
  account_tier                    = "Standard"
  account_replication_type        = "ZRS"
  shared_access_key_enabled       = false
  allow_nested_items_to_be_public = false
}

resource "azurerm_kubernetes_cluster" "ml" {
  name                      = "${var.name}-ml"
  resource_group_name       = azurerm_resource_group.ml.name
  location                  = azurerm_resource_group.ml.location
  dns_prefix                = "${var.name}-ml"
  oidc_issuer_enabled       = true
  workload_identity_enabled = true
  local_account_disabled    = true

  azure_active_directory_role_based_access_control {
    azure_rbac_enabled = true
  }

  default_node_pool {
    name       = "system"
    vm_size    = "Standard_D4s_v5"
    node_count = 2
  }

  identity {
    type = "SystemAssigned"
  }

  network_profile {
    network_plugin = "azure"
    network_policy = "cilium"
  }
}

resource "azurerm_log_analytics_workspace" "ml" {
  name                = "${var.name}-ml"
  resource_group_name = azurerm_resource_group.ml.name
  location            = azurerm_resource_group.ml.location
}

resource "azurerm_application_insights" "ml" {
  name                = "${var.name}-ml"
  resource_group_name = azurerm_resource_group.ml.name
  location            = azurerm_resource_group.ml.location
  workspace_id        = azurerm_log_analytics_workspace.ml.id
  application_type    = "other"
}

resource "azurerm_user_assigned_identity" "ml" {
  for_each            = toset(["control", "jobs", "serving"])
  name                = "${var.name}-${each.key}"
  resource_group_name = azurerm_resource_group.ml.name
  location            = azurerm_resource_group.ml.location
}
