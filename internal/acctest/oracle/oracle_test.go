package oracle_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/oracle"
)

func types(t *testing.T) *oracle.Types {
	t.Helper()
	found, err := oracle.Find()
	if errors.Is(err, oracle.ErrMissing) {
		t.Skip(oracle.Missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

const (
	rule = `{"location":"westeurope","kind":"LogAlert","properties":{"displayName":"drift","severity":2,"enabled":true,
		"scopes":["/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/components/ai"],"evaluationFrequency":"PT5M",
		"windowSize":"PT15M","autoMitigate":true,"criteria":{"allOf":[{"query":"customMetrics","timeAggregation":"Maximum",
		"metricMeasureColumn":"v","operator":"GreaterThan","threshold":0.5,"dimensions":[{"name":"m","operator":"Include","values":["*"]}]}]},
		"actions":{"actionGroups":["/subscriptions/s/g"],"customProperties":{"any":"name"}}}}`
	group = `{"location":"Global","tags":{"a":"b"},"properties":{"groupShortName":"flights","enabled":true,
		"emailReceivers":[{"name":"mail","emailAddress":"ml@example.com","useCommonAlertSchema":true}]}}`
	policy = `{"properties":{"immutabilityPeriodSinceCreationInDays":90,"allowProtectedAppendWrites":true}}`
	job    = `{"properties":{"jobType":"Command","command":"python train.py","environmentId":"e","computeId":"c",
		"outputs":{"m":{"jobOutputType":"mlflow_model"}},"identity":{"identityType":"Managed"}}}`

	rules    = "Microsoft.Insights/scheduledQueryRules"
	groups   = "Microsoft.Insights/actionGroups"
	policies = "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies"
	jobs     = "Microsoft.MachineLearningServices/workspaces/jobs"
)

// Bodies that the service takes pass, and the same with one thing wrong do not.
func TestCheck(t *testing.T) {
	known := types(t)
	for _, test := range []struct {
		name, resourceType, version, resource, body string
		old, changed                                string // one replacement in the body
		problem                                     string // "" for none
	}{
		{name: "rule", resourceType: rules, version: "2023-12-01", body: rule},
		{name: "rule, other case", resourceType: strings.ToLower(rules), version: "2023-12-01", body: rule},
		{name: "group", resourceType: groups, version: "2023-01-01", body: group},
		{name: "policy", resourceType: policies, version: "2025-06-01", resource: "default", body: policy},
		{name: "job", resourceType: jobs, version: "2025-09-01", resource: "train-1", body: job},
		{"unknown at depth", rules, "2023-12-01", "", rule, `"query"`, `"qeury"`, "properties.criteria.allOf[0].qeury: is not known"},
		{"of a later version", rules, "2023-12-01", "", rule, `"query"`, `"criterionType":"x","query"`, "criterionType: is not known"},
		{"missing", rules, "2023-12-01", "", rule, `"location":"westeurope",`, ``, "location: is missing"},
		{"missing at depth", groups, "2023-01-01", "", group, `"name":"mail",`, ``, "properties.emailReceivers[0].name: is missing"},
		{"read-only", groups, "2023-01-01", "", group, `"name":"mail"`, `"status":"Enabled","name":"mail"`, "properties.emailReceivers[0].status: is read-only"},
		{"etag", rules, "2023-12-01", "", rule, `"kind"`, `"etag":"1","kind"`, "etag: is read-only"},
		{"in the URL", groups, "2023-01-01", "", group, `"location"`, `"name":"g","location"`, "name: stands in the URL"},
		{"too long", groups, "2023-01-01", "", group, `"groupShortName":"flights"`, `"groupShortName":"flights-of-2001"`, "at most 12"},
		{"a string for a number", rules, "2023-12-01", "", rule, `"threshold":0.5`, `"threshold":"0.5"`, "a string where a number belongs"},
		{"a number for a boolean", rules, "2023-12-01", "", rule, `"enabled":true`, `"enabled":1`, "a number where a boolean belongs"},
		{"an object for a list", rules, "2023-12-01", "", rule, `["/subscriptions/s/g"]`, `{}`, "an object where a list belongs"},
		{"null", rules, "2023-12-01", "", rule, `"enabled":true`, `"enabled":null`, "null where a boolean belongs"},
		{"unknown discriminator", jobs, "2025-09-01", "train-1", job, `"Command"`, `"Comand"`, `properties.jobType: "Comand" is none of`},
		{"discriminator followed", jobs, "2025-09-01", "train-1", job, `"command":"python train.py",`, ``, "properties.command: is missing"},
		{"name", jobs, "2025-09-01", "-train", job, ``, ``, "name (in the URL)"},
		{"literal name", policies, "2025-06-01", "other", policy, ``, ``, "name (in the URL)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := strings.Replace(test.body, test.old, test.changed, 1)
			if test.old != "" && body == test.body {
				t.Fatal("nothing was replaced")
			}
			judged, err := known.Check(test.resourceType, test.version, test.resource, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if test.problem == "" && len(judged.Problems) > 0 || test.problem != "" && !strings.Contains(strings.Join(judged.Problems, "\n"), test.problem) {
				t.Errorf("problems %q, want %q", judged.Problems, test.problem)
			}
		})
	}
}

// What the service drops is not in what it keeps; an open enumeration's unknown value is noted alone.
func TestKept(t *testing.T) {
	known := types(t)
	body := strings.NewReplacer(`"query"`, `"unknown":1,"query"`, `"kind":"LogAlert"`, `"kind":"Other"`).Replace(rule)
	judged, err := known.Check(rules, "2023-12-01", "", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	kept, ok := judged.Body.(map[string]any)
	if !ok || kept["location"] != "westeurope" {
		t.Fatalf("kept %v", judged.Body)
	}
	criteria := kept["properties"].(map[string]any)["criteria"].(map[string]any)["allOf"].([]any)[0].(map[string]any)
	if _, there := criteria["unknown"]; there || criteria["query"] != "customMetrics" {
		t.Errorf("kept %v", criteria)
	}
	if len(judged.Problems) != 1 || len(judged.Notes) != 1 {
		t.Errorf("problems %q, notes %q", judged.Problems, judged.Notes)
	}
}

func TestCheckAction(t *testing.T) {
	known := types(t)
	containers := strings.TrimSuffix(policies, "/immutabilityPolicies")
	judged, err := known.CheckAction(containers, "setlegalhold", "2025-06-01", []byte(`{"tags":["audit2026"]}`))
	if err != nil || len(judged.Problems) > 0 {
		t.Errorf("%v %v", judged, err)
	}
	judged, err = known.CheckAction(containers, "setLegalHold", "2025-06-01", []byte(`{"tag":"x"}`))
	if err != nil || len(judged.Problems) != 2 {
		t.Errorf("%v %v", judged, err)
	}
	judged, err = known.CheckAction(policies, "lock", "2025-06-01", []byte(`{"a":1}`))
	if err != nil || len(judged.Problems) != 1 {
		t.Errorf("%v %v", judged, err)
	}
}

func TestUnknownTypes(t *testing.T) {
	known := types(t)
	if _, err := known.Check("Microsoft.Nobody/things", "2020-01-01", "", []byte(`{}`)); !errors.Is(err, oracle.ErrNamespace) {
		t.Errorf("%v", err)
	}
	if _, err := known.Check(groups, "2020-01-01", "", []byte(`{}`)); !errors.Is(err, oracle.ErrType) {
		t.Errorf("%v", err)
	}
	if _, err := known.Check("Microsoft.Insights/nothing", "2023-01-01", "", []byte(`{}`)); !errors.Is(err, oracle.ErrType) {
		t.Errorf("%v", err)
	}
	if got := known.Versions(groups); !slices.Contains(got, "2023-01-01") || slices.Contains(got, "2023-12-01") {
		t.Errorf("versions %v", got)
	}
}
