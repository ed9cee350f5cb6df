terraform import mlops_project.flights 'file:.mlops/projects/flights'
