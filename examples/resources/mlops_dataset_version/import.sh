terraform import mlops_dataset_version.january 'file:.mlops/dataset_versions/flights.1'
