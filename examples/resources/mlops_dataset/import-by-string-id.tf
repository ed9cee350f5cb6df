import {
  to = mlops_dataset.flights
  id = "file:.mlops/datasets/flights"
}
