terraform import mlops_drift_monitor.delay 'file:.mlops/drift_monitors/flight-delay'
