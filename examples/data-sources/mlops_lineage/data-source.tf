# What was in production on 3 May, trained on what, approved by whom?
data "mlops_lineage" "third_of_may" {
  model_id = mlops_model.delay.id
  at       = "2026-05-03"
}

output "in_production_on_3_may" {
  value = data.mlops_lineage.third_of_may.found ? [
    for period in data.mlops_lineage.third_of_may.periods :
    "version ${period.version}, trained on ${period.dataset_version_id}, approved by ${coalesce(period.approved_by, "the policy")}"
  ] : []
}
