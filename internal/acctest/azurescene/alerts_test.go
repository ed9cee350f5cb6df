package azurescene_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/ingestion"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/control"
)

// watched is a project whose owners hear by Azure Monitor.
type watched struct {
	scene   *azurescene.Scene
	alerts  string // azure.alerts
	health  string // of the deployment
	monitor string // its alert
}

func (w watched) config() string {
	return fmt.Sprintf(`
resource "mlops_project" "p" {
  name          = "watched"
  force_destroy = true
  azure = {
    store     = { storage_account_id = %q }
    telemetry = { application_insights_id = %q }
    tags      = { team = "ml" }
    alerts    = %s
  }
  owners = {
    data_engineer  = { email = "data-engineering@example.com" }
    data_scientist = { email = "data-science@example.com" }
    mlops_engineer = { email = "ml-platform@example.com", webhook = "https://hooks.example.com/owner?key=OWNER-KEY" }
  }
}

resource "mlops_dataset" "d" {
  project_id = mlops_project.p.id
  name       = "delay"
  columns    = { at = { type = "timestamp", role = "timestamp" }, x = { type = "number" }, late = { type = "boolean", role = "label" } }
}

resource "mlops_training" "t" {
  dataset_id = mlops_dataset.d.id
  name       = "delay"
  image      = "delay:1"
  train      = { command = ["delay", "train"] }
  evaluate   = { command = ["delay", "evaluate"] }
  serve      = { command = ["delay", "serve"], score_path = "/score", health_path = "/healthz" }
}

resource "mlops_model" "m" {
  training_id = mlops_training.t.id
  name        = "delay"
  validation  = { metrics = { auc = { goal = "maximize", minimum = 0.5 } } }
}

resource "mlops_deployment" "d" {
  model_id = mlops_model.m.id
  health   = %s
}

resource "mlops_drift_monitor" "m" {
  deployment_id = mlops_deployment.d.id
  schedule      = "0 3 * * *"
  window        = "24h"
  alert         = %s
}
`, w.scene.AccountID, w.scene.GroupID+"/providers/Microsoft.Insights/components/ml", w.alerts, w.health, w.monitor)
}

// ours are the rules and groups that are there, by kind and name.
func ours(scene *azurescene.Scene) (rules, groups map[string]map[string]any) {
	rules, groups = map[string]map[string]any{}, map[string]map[string]any{}
	for id, body := range scene.Cloud.Inventory() {
		text, err := json.Marshal(body)
		var read map[string]any
		if err != nil || json.Unmarshal(text, &read) != nil {
			continue
		}
		name := id[strings.LastIndexByte(id, '/')+1:]
		switch lower := strings.ToLower(id); {
		case strings.Contains(lower, "/scheduledqueryrules/"):
			rules[name] = read
		case strings.Contains(lower, "/actiongroups/"):
			groups[name] = read
		}
	}
	return rules, groups
}

func count(scene *azurescene.Scene, rules, groups int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if r, g := ours(scene); len(r) != rules || len(g) != groups {
			return fmt.Errorf("%d rules and %d groups, want %d and %d", len(r), len(g), rules, groups)
		}
		return nil
	}
}

// one finds the rule or group whose name holds a text.
func one(t *testing.T, of map[string]map[string]any, part string) string {
	t.Helper()
	var found strings.Builder
	for name, body := range of {
		if strings.Contains(name, part) {
			text, _ := json.Marshal(body)
			found.Write(text)
		}
	}
	if found.Len() == 0 {
		t.Errorf("nothing with %q in its name", part)
	}
	return found.String()
}

// keeps is a plan that shows none of the secrets.
type keeps []string

func (k keeps) CheckPlan(_ context.Context, request plancheck.CheckPlanRequest, response *plancheck.CheckPlanResponse) {
	shown, err := json.Marshal([]any{request.Plan.PlannedValues, request.Plan.ResourceChanges, request.Plan.PriorState})
	for _, secret := range k {
		if strings.Contains(string(shown), secret) {
			err = errors.Join(err, fmt.Errorf("the plan shows %s", secret))
		}
	}
	response.Error = err
}

// Rules and groups follow what is declared, are mended when somebody has changed them, and go again; nothing that opens a
// door is in plan, state or log.
func TestAlertsFollowWhatIsDeclared(t *testing.T) {
	logs := t.TempDir()
	t.Setenv("TF_LOG", "TRACE")
	t.Setenv("TF_LOG_PATH_MASK", filepath.Join(logs, "%s.log"))
	scene := azurescene.Start(t)
	scene.Cloud.Component(scene.Group, "ml", "")
	function := scene.Cloud.Function(scene.Group, "app", "onAlert", "FUNCTION-KEY")
	flow := scene.Cloud.LogicApp(scene.Group, "flow", "manual", "https://flow.example.net/t?sig=FLOW-KEY")
	secrets := keeps{"FUNCTION-KEY", "FLOW-KEY", "HOOK-KEY"}
	// The test framework logs configurations, so what is secret comes from elsewhere.
	hook := "\nvariable \"hook\" {\n  type = string\n  sensitive = true\n  ephemeral = true\n}\n"
	alerts := func(version int) string {
		return fmt.Sprintf(`{
      resource_group_id = %q
      receivers = {
        mlops_engineer = {
          emails          = { deputy = "deputy@example.com" }
          push            = { app = "ml@example.com" }
          sms             = { phone = { country_code = "49", number = "1515550100" } }
          functions       = { function = { id = %q, function = "onAlert" } }
          logic_apps      = { flow = { id = %q } }
          event_hubs      = { hub = { subscription_id = %q, namespace = "ns", name = "alerts" } }
          webhooks        = { hook = { url = var.hook, version = %d } }
          secure_webhooks = { secure = { url = "https://hooks.example.com/b", object_id = "o", identifier_uri = "api://mlops", tenant_id = %q } }
        }
      }
    }`, scene.GroupID, function, flow, scene.Cloud.Subscription, version, scene.Cloud.Tenant)
	}
	first, second := "https://hooks.example.com/a?key=HOOK-KEY-1", "https://hooks.example.com/a?key=HOOK-KEY-2"
	t.Setenv("TF_VAR_hook", first)
	all := watched{scene, alerts(1), `{ failure_percent = 5, p95_latency = "500ms", minimum_requests = 1, notify = ["data_scientist"] }`, `{ severity = 2 }`}
	changed := all
	changed.alerts = alerts(2)
	quiet := changed
	quiet.health, quiet.monitor = "null", `{ severity = 1, notify = ["data_scientist"] }`
	none := quiet
	none.alerts = "null"
	shared := all
	group := scene.GroupID + "/providers/Microsoft.Insights/actionGroups/theirs"
	scene.Cloud.Put(group, map[string]any{"location": "Global", "properties": map[string]any{"groupShortName": "theirs", "enabled": true}})
	shared.alerts = fmt.Sprintf("{ resource_group_id = %q, action_group_ids = [%q] }", scene.GroupID, group)
	hidden := func(state *terraform.State) error {
		for _, secret := range secrets {
			if strings.Contains(state.String(), secret) {
				return fmt.Errorf("the state holds %s", secret)
			}
		}
		return nil
	}
	plain := func(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: append(checks, secrets)}
	}
	scene.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: all.config() + hook, ConfigPlanChecks: plain(), Check: resource.ComposeAggregateTestCheckFunc(
				count(scene, 4+1+3+3, 3), hidden, func(*terraform.State) error {
					rules, groups := ours(scene)
					engineer := one(t, groups, "-mlops-engineer")
					for _, want := range append(secrets[:2], first, "OWNER-KEY", `"team":"ml"`, `"deputy@example.com"`, `"useAadAuth":true`) {
						if !strings.Contains(engineer, want) {
							t.Errorf("the group lacks %s: %s", want, engineer)
						}
					}
					for _, want := range []string{"-data-scientist", "deployment in ('delay')", `"severity":2`, `"threshold":0.05`} {
						if slow := one(t, rules, "-failing-"); !strings.Contains(slow, want) {
							t.Errorf("the rule lacks %s: %s", want, slow)
						}
					}
					return nil
				})},
			{Config: all.config() + hook, ConfigPlanChecks: empty},
			{ // a group and a rule are removed by hand, another rule is changed
				PreConfig: func() {
					for id := range scene.Cloud.Inventory() {
						switch {
						case strings.Contains(id, "-overdue-"), strings.Contains(strings.ToLower(id), "actiongroups") && strings.HasSuffix(id, "-data-scientist"):
							scene.Cloud.Remove(id)
						case strings.Contains(id, "-idle-"):
							scene.Cloud.Edit(id, func(body map[string]any) {
								body["properties"].(map[string]any)["enabled"] = false
							})
						}
					}
				},
				Config: all.config() + hook, ConfigPlanChecks: repairs("mlops_project.p", "mlops_drift_monitor.m", "mlops_deployment.d"), Check: count(scene, 11, 3),
			},
			{Config: all.config() + hook, ConfigPlanChecks: empty, Check: func(*terraform.State) error {
				if rules, _ := ours(scene); !strings.Contains(one(t, rules, "-idle-"), `"enabled":true`) {
					return errors.New("what somebody switched off stays off")
				}
				return nil
			}},
			{PreConfig: func() { t.Setenv("TF_VAR_hook", second) }, Config: changed.config() + hook, ConfigPlanChecks: plain(plancheck.ExpectResourceAction("mlops_drift_monitor.m", plancheck.ResourceActionNoop)),
				Check: func(*terraform.State) error {
					_, groups := ours(scene)
					if engineer := one(t, groups, "-mlops-engineer"); !strings.Contains(engineer, second) || strings.Contains(engineer, first) {
						return fmt.Errorf("the webhook's address has not changed: %s", engineer)
					}
					return nil
				}},
			{Config: quiet.config() + hook, ConfigPlanChecks: plain(), Check: count(scene, 4+1+3, 3)},
			{Config: quiet.config() + hook, ConfigPlanChecks: empty},
			{Config: none.config() + hook, Check: count(scene, 0, 0)},
			{Config: none.config() + hook, ConfigPlanChecks: empty},
			{Config: shared.config() + hook, Check: resource.ComposeAggregateTestCheckFunc(count(scene, 11, 0), func(*terraform.State) error {
				rules, _ := ours(scene)
				for name, rule := range rules {
					if text, _ := json.Marshal(rule); strings.Count(string(text), "actionGroups/") != 1 {
						t.Errorf("%s calls another group than the given one: %s", name, text)
					}
				}
				return nil
			})},
			{Config: all.config() + hook, PreConfig: scene.Cloud.ForgetCalls, Check: count(scene, 11, 3)},
		},
		CheckDestroy: count(scene, 0, 0),
	})
	gone := false
	for _, call := range scene.Cloud.Calls() {
		isGroup := call.Kind == "microsoft.insights/actiongroups"
		gone = gone || isGroup && call.Method == http.MethodDelete
		if gone && call.Method == http.MethodDelete && call.Kind == "microsoft.insights/scheduledqueryrules" {
			t.Error("a group goes before a rule")
		}
	}
	files, err := filepath.Glob(filepath.Join(logs, "*"))
	if err != nil || len(files) == 0 {
		t.Errorf("no log was written: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		for _, secret := range secrets {
			if err != nil || strings.Contains(string(content), secret) {
				t.Errorf("%s holds %s: %v", file, secret, err)
			}
		}
	}
}

// What is wrong with alerts is said at plan, at its attribute.
func TestAlertsThatCannotBe(t *testing.T) {
	scene := azurescene.Start(t)
	scene.Cloud.Component(scene.Group, "ml", "")
	receivers := func(text string) string {
		return fmt.Sprintf("{ resource_group_id = %q, receivers = { mlops_engineer = { %s } } }", scene.GroupID, text)
	}
	good := watched{scene, receivers(""), "null", "{}"}
	var steps []resource.TestStep
	for _, bad := range []struct{ alerts, health, want string }{
		{receivers(`webhooks = { hook = { url = "http://plain.example.com", version = 1 } }`), "null", `(?s)webhooks.*not\s+a\s+URL`},
		{receivers(`sms = { s = { country_code = "+49", number = "1515550100" } }`), "null", `(?s)digits\s+alone`},
		{receivers(`functions = { f = { id = "/subscriptions/s/resourceGroups/g", function = "x" } }`), "null", `(?s)Microsoft.Web/sites`},
		{`{ resource_group_id = "ml" }`, "null", `(?s)is\s+not\s+the\s+ARM\s+ID`},
		{fmt.Sprintf(`{ resource_group_id = %q, receivers = { boss = {} } }`, scene.GroupID), "null", `(?s)unknown\s+role`},
		{"null", "{ severity = 2 }", `(?s)it\s+watches\s+nothing`},
		{"null", "{ failure_percent = 100 }", `(?s)between\s+0\s+and\s+100`},
	} {
		config := good
		config.alerts, config.health = bad.alerts, bad.health
		steps = append(steps, resource.TestStep{Config: config.config(), PlanOnly: true, ExpectError: regexp.MustCompile(bad.want)})
	}
	blind := strings.Replace(good.config(), "telemetry = {", "# telemetry = {", 1)
	steps = append(steps, resource.TestStep{Config: blind, PlanOnly: true, ExpectError: regexp.MustCompile(`(?s)alert\s+rules\s+look\s+into\s+Application\s+Insights`)})
	scene.Run(t, resource.TestCase{Steps: steps})
}

// matches says whether a rule's query finds an item: by the names and the dimensions that it asks for.
func matches(query string, item ingestion.Item) bool {
	names := regexp.MustCompile(`name in \(([^)]*)\)`).FindStringSubmatch(query)
	if names == nil || !strings.Contains(names[1], "'"+item.Name+"'") {
		return false
	}
	wants := regexp.MustCompile(`customDimensions\.(\w+)\) == '([^']*)'`).FindAllStringSubmatch(query, -1)
	for _, want := range wants {
		if item.Properties[want[1]] != want[2] {
			return false
		}
	}
	objects := regexp.MustCompile(`where object in \(([^)]*)\)`).FindStringSubmatch(query)
	return len(wants) >= 2 && (objects == nil || strings.Contains(objects[1], "'"+item.Properties["object"]+"'"))
}

// Every rule over the controller's gauges asks for what the controller says: the same names, dimensions and objects.
func TestRulesAskForWhatTheControllerSays(t *testing.T) {
	scene, server := azurescene.Start(t), ingestion.Start(t)
	scene.Cloud.Component(scene.Group, "ml", server.ConnectionString())
	config := watched{scene, fmt.Sprintf("{ resource_group_id = %q }", scene.GroupID), "null", "{}"}.config()
	scene.Run(t, resource.TestCase{Steps: []resource.TestStep{{Config: config, Check: func(*terraform.State) error {
		in := inPod(t, scene, "watched", nil)
		controller := control.New(in, hclog.NewNullLogger())
		var err error
		for range 3 { // a model's log begins, is read, and is told
			err = errors.Join(err, controller.Pass(t.Context()))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = errors.Join(err, in.CloseTelemetry(ctx))
		rules, _ := ours(scene)
		for name := range rules {
			text := one(t, rules, name)
			var rule struct {
				Properties struct {
					Criteria struct{ AllOf []struct{ Query string } }
				}
			}
			if json.Unmarshal([]byte(text), &rule) != nil || len(rule.Properties.Criteria.AllOf) != 1 {
				t.Errorf("%s: %s", name, text)
				continue
			}
			query := rule.Properties.Criteria.AllOf[0].Query
			if !slices.ContainsFunc(server.Items(), func(item ingestion.Item) bool { return matches(query, item) }) {
				t.Errorf("%s finds nothing of what the controller says: %s", name, query)
			}
		}
		if len(rules) != 8 {
			err = errors.Join(err, fmt.Errorf("%d rules", len(rules)))
		}
		return err
	}}}})
}
