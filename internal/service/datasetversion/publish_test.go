package datasetversion

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Blobs are told from files before anything is looked for on this machine.
func TestDataInAStorageAccountIsRefusedAtPlan(t *testing.T) {
	for source, refused := range map[string]bool{
		"https://acc.blob.core.windows.net/data/flights/":              true,
		"abfss://data@acc.dfs.core.windows.net/flights":                true,
		"azureml://datastores/workspaceblobstore/paths/flights":        true,
		"/subscriptions/0/resourceGroups/rg/providers/x/containers/d/": true,
		"data/2001-01.csv": false,
		"/data/2001":       false,
		"":                 false,
	} {
		var m model
		if m.Source = types.StringValue(source); source == "" {
			m.Source = types.StringNull()
		}
		problems := validate(m)
		if refused != (len(problems) == 1 && strings.Contains(problems[0].Message, "mlops dataset publish")) {
			t.Errorf("%q: %v", source, problems)
		}
	}
}
