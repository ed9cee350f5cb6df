terraform import mlops_training.delay 'file:.mlops/trainings/flight-delay'
