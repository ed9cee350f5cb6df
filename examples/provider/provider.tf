terraform {
  required_providers {
    mlops = {
      source = "terraform-mlops/mlops"
    }
  }
}

provider "mlops" {}
