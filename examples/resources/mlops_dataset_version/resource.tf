resource "mlops_dataset_version" "january" {
  dataset_id = mlops_dataset.flights.id
  source     = "data/2001-01.csv"
}
