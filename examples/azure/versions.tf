terraform {
  required_providers {
    azurerm = {
      source = "hashicorp/azurerm"
    }
    mlops = {
      source = "terraform-mlops/mlops"
    }
  }
}

provider "azurerm" {
  features {}
}

# It is whoever azurerm is: the same ARM_* variables, OIDC of a CI system, or the Azure CLI.
provider "mlops" {}

variable "name" {
  description = "Begins the names of what is made in Azure."
  type        = string
  default     = "flights"
}

variable "location" {
  description = "Region of what is made in Azure."
  type        = string
  default     = "westeurope"
}
