import {
  to = mlops_training.delay
  id = "file:.mlops/trainings/flight-delay"
}
