# Once, by whoever can reach the cluster: terraform output -raw controller | kubectl apply -f -
data "mlops_agent_manifests" "flights" {
  project_id = mlops_project.flights.id
}

output "controller" {
  value = data.mlops_agent_manifests.flights.yaml
}
