import {
  to = mlops_drift_monitor.delay
  id = "file:.mlops/drift_monitors/flight-delay"
}
