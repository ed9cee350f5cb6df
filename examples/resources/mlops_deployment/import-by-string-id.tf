import {
  to = mlops_deployment.delay
  id = "file:.mlops/deployments/flight-delay"
}
