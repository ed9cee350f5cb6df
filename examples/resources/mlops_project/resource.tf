resource "mlops_project" "flights" {
  name  = "flights"
  local = { path = ".mlops" }
  owners = {
    data_engineer  = { email = "data-engineering@example.com" }
    data_scientist = { email = "data-science@example.com" }
    mlops_engineer = { email = "ml-platform@example.com" }
  }
  retention     = { record_days = 90 }
  notifications = { drift = ["mlops_engineer", "data_scientist"] }
}
