resource "mlops_model" "delay" {
  training_id = mlops_training.delay.id
  name        = "flight-delay"
  owner       = mlops_project.flights.owners.data_scientist.email
  validation = {
    metrics = {
      auc   = { goal = "maximize", minimum = 0.55, tolerance = 0.005 }
      brier = { goal = "minimize", maximum = 0.25 }
    }
    slices = {
      origin = { metric = "auc", maximum_gap = 0.2 }
    }
  }
}
