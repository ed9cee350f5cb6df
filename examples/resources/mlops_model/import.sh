terraform import mlops_model.delay 'file:.mlops/models/flight-delay'
