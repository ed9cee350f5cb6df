resource "mlops_dataset" "flights" {
  project_id = mlops_project.flights.id
  name       = "flights"
  columns = {
    scheduled_departure = { type = "timestamp", role = "timestamp" }
    distance_miles      = { type = "number", minimum = 0, maximum = 6000, unit = "miles" }
    origin              = { type = "category" }
    destination         = { type = "category" }
    late                = { type = "boolean", role = "label" }
  }
  minimum_rows = 1000
}
