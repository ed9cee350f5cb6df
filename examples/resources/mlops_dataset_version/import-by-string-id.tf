import {
  to = mlops_dataset_version.january
  id = "file:.mlops/dataset_versions/flights.1"
}
