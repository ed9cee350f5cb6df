terraform import mlops_retrain_policy.delay 'file:.mlops/retrain_policies/flight-delay'
