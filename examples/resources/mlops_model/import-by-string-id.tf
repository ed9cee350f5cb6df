import {
  to = mlops_model.delay
  id = "file:.mlops/models/flight-delay"
}
