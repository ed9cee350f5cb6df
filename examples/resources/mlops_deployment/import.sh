terraform import mlops_deployment.delay 'file:.mlops/deployments/flight-delay'
