terraform import mlops_dataset.flights 'file:.mlops/datasets/flights'
