package provider_test

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
)

const asked = serving + `
variable "at" {
	type    = string
	default = null
}
data "mlops_lineage" "m" {
	model_id = mlops_model.m.id
	at       = var.at
}
output "told" {
	value = data.mlops_lineage.m.found ? [for p in data.mlops_lineage.m.periods : "version ${p.version} by ${p.approved_by}, ${p.to == null ? "still" : "over"}"] : []
}
`

// What was in production on a day: nothing yet, what is, and what was.
func TestLineageIsTold(t *testing.T) {
	fakes := acctest.NewFakes()
	promote := func() {
		version, run := acctest.Register(t, fakes.Project, "m")
		acctest.Promoting(t, fakes.Project, "m", run, version)
		acctest.Promoted(t, fakes.Project, "m", run, version)
	}
	tells := func(told ...string) []statecheck.StateCheck {
		values := make([]knownvalue.Check, len(told))
		for i, text := range told {
			values[i] = knownvalue.StringExact(text)
		}
		return []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("told", knownvalue.TupleExact(values))}
	}
	at := func(text string) config.Variables { return config.Variables{"at": config.StringVariable(text)} }
	first, now := "version 1 by ada, over", "version 2 by ada, still"
	fakes.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: asked, ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("data.mlops_lineage.m", tfjsonpath.New("found"), knownvalue.Bool(false)),
			statecheck.ExpectKnownValue("data.mlops_lineage.m", tfjsonpath.New("periods"), knownvalue.Null()),
		}},
		{PreConfig: func() { promote(); promote() }, Config: asked, ConfigStateChecks: append(tells(first, now),
			statecheck.ExpectKnownValue("data.mlops_lineage.m", tfjsonpath.New("periods").AtSliceIndex(1).AtMapKey("dataset_version_id"),
				knownvalue.StringExact("file:fake/dataset_versions/d.1")))},
		{Config: asked, ConfigVariables: at(time.Now().AddDate(0, 0, 1).UTC().Format(time.RFC3339)), ConfigStateChecks: tells(now)},
		{Config: asked, ConfigVariables: at("2001-05-03"), ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("data.mlops_lineage.m", tfjsonpath.New("found"), knownvalue.Bool(false)),
		}},
		{Config: asked, ConfigVariables: at("yesterday"), ExpectError: refusal(`"yesterday": write a day such as 2026-05-03`)},
	}})
}
