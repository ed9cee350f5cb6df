import {
  to = mlops_retrain_policy.delay
  id = "file:.mlops/retrain_policies/flight-delay"
}
