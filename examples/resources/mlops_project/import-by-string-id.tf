import {
  to = mlops_project.flights
  id = "file:.mlops/projects/flights"
}
