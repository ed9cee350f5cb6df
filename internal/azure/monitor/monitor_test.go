package monitor_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/monitor"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func scene(t *testing.T) (*armfake.Fake, *arm.Client, monitor.Declared) {
	t.Helper()
	fake := armfake.Start(t, armfake.Options{})
	client, err := arm.New(arm.Endpoint{URL: fake.URL, Audience: fake.Audience()}, fake.Credential(fake.Administrator), arm.Options{
		Transport: fake.Client(), RetryDelay: time.Millisecond, PollEvery: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	fake.Function("rg", "app", "onAlert", "FUNCTION-KEY")
	fake.LogicApp("rg", "flow", "manual", "https://flow.example.net/t?sig=FLOW-KEY")
	rg := fake.ResourceGroup("rg")
	return fake, client, monitor.Declared{
		Place: fake.StorageAccount("rg", "acc", "") + "/blobServices/default/containers/flights", Component: fake.Component("rg", "ai", ""), Location: "westeurope",
		Project: mlops.Project{
			Name: "flights",
			Azure: &mlops.Azure{Tags: map[string]string{"team": "ml"}, Alerts: &mlops.AzureAlerts{ResourceGroupID: rg, Receivers: map[mlops.Role]mlops.AzureReceivers{
				mlops.RoleMLOpsEngineer: {
					Emails: map[string]string{"deputy": "deputy@example.com"}, SMS: map[string]mlops.AzurePhone{"sms": {CountryCode: "49", Number: "1515550100"}},
					Push:      map[string]string{"push": "ml@example.com"},
					Functions: map[string]mlops.AzureFunction{"func": {ID: rg + "/providers/Microsoft.Web/sites/app", Function: "onAlert"}},
					LogicApps: map[string]mlops.AzureLogicApp{"flow": {ID: rg + "/providers/Microsoft.Logic/workflows/flow"}},
					EventHubs: map[string]mlops.AzureEventHub{"hub": {SubscriptionID: fake.Subscription, Namespace: "ns", Name: "alerts", TenantID: fake.Tenant}},
					Webhooks:  map[string]mlops.AzureWebhook{"hook": {Version: 1}},
					Secure:    map[string]mlops.AzureSecureWebhook{"secure": {URL: "https://hooks.example.com/b", ObjectID: "o", IdentifierURI: "api://mlops", TenantID: fake.Tenant}},
				},
			}}},
			Owners: map[mlops.Role]mlops.Owner{
				mlops.RoleDataEngineer: {Email: "de@example.com"}, mlops.RoleDataScientist: {Email: "ds@example.com"}, mlops.RoleMLOpsEngineer: {Email: "me@example.com"},
			},
		},
		Monitors: []mlops.DriftMonitor{
			{Name: "delay", Alert: mlops.Alert{Severity: 2}}, {Name: "cancel", Alert: mlops.Alert{Severity: 2}}, {Name: "quiet", Alert: mlops.Alert{Severity: 4}},
		},
		Deployments: []mlops.Deployment{{Name: "unwatched"}, {Name: "delay", Health: &mlops.Health{
			FailurePercent: 1, P95Latency: mlops.Duration(500 * time.Millisecond), MinimumRequests: 1, Severity: 1,
		}}},
	}
}

func render(t *testing.T, declared monitor.Declared) monitor.Plan {
	t.Helper()
	plan, err := monitor.Render(declared)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func secrets(declared monitor.Declared) monitor.Secrets {
	return monitor.Secrets{declared.SecretKey(mlops.RoleMLOpsEngineer, "hook"): "https://hooks.example.com/a?key=HOOK-KEY"}
}

// rule finds the one rule whose name holds all of these.
func rule(t *testing.T, plan monitor.Plan, parts ...string) monitor.Rule {
	t.Helper()
	var found []monitor.Rule
	for id, one := range plan.Rules {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(id, part) }) {
			found = append(found, one)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d rules with %v in %v", len(found), parts, plan.Ids())
	}
	return found[0]
}

// One rule for each signal, severity and receivers: monitors that share all three are dimensions of one.
func TestRender(t *testing.T) {
	_, _, declared := scene(t)
	plan := render(t, declared)
	if len(plan.Groups) != 3 || len(plan.Rules) != 4+1+3*2+3 {
		t.Errorf("%d groups, %d rules: %v", len(plan.Groups), len(plan.Rules), plan.Ids())
	}
	drift := rule(t, plan, "-drift-sev2").Properties
	condition := drift.Criteria.AllOf[0]
	for _, want := range []string{"name in ('mlops_attention')", "customDimensions.project) == 'flights'", "topic) == 'drift'", "object in ('drift_monitors/cancel', 'drift_monitors/delay')"} {
		if !strings.Contains(condition.Query, want) {
			t.Errorf("%s\nlacks %s", condition.Query, want)
		}
	}
	if drift.Severity != 2 || !drift.AutoMitigate || condition.Dimensions[0].Name != "object" || condition.Operator != "GreaterThan" || condition.Threshold != 0 {
		t.Errorf("%+v", drift)
	}
	if groups := drift.Actions.ActionGroups; len(groups) != 1 || !strings.HasSuffix(groups[0], "-mlops-engineer") {
		t.Errorf("%v", groups)
	}
	if quality := rule(t, plan, "-data-quality-sev2").Properties; !strings.HasSuffix(quality.Actions.ActionGroups[0], "-data-engineer") {
		t.Errorf("%v", quality.Actions.ActionGroups)
	}
	silent := rule(t, plan, "-silent-").Properties.Criteria.AllOf[0]
	if silent.Operator != "LessThan" || silent.Threshold != 1 || !strings.Contains(silent.Query, "mlops_control") || len(silent.Dimensions) != 0 {
		t.Errorf("%+v", silent)
	}
	if failing := rule(t, plan, "-failing-sev1").Properties; failing.Criteria.AllOf[0].Threshold != 0.01 || !strings.Contains(failing.Description, "above 0.01") {
		t.Errorf("%+v", failing)
	}
	again := render(t, declared)
	if fmt.Sprint(plan) != fmt.Sprint(again) {
		t.Error("two renderings differ")
	}
	elsewhere := declared
	elsewhere.Place += "2"
	for id := range render(t, elsewhere).Rules {
		if _, same := plan.Rules[id]; same {
			t.Errorf("two projects of one name share %s", id)
		}
	}
}

func TestReceiversOfAnObjectAndOfTheProject(t *testing.T) {
	_, _, declared := scene(t)
	declared.Monitors[1].Alert.Notify = []mlops.Role{mlops.RoleDataScientist, mlops.RoleDataEngineer}
	declared.Project.Notifications = map[mlops.Topic][]mlops.Role{mlops.TopicDrift: {mlops.RoleDataScientist}}
	plan := render(t, declared)
	own := rule(t, plan, "-drift-sev2-data-data-scientist").Properties
	if len(own.Actions.ActionGroups) != 2 || !strings.Contains(own.Criteria.AllOf[0].Query, "('drift_monitors/cancel')") {
		t.Errorf("%+v", own)
	}
	if project := rule(t, plan, "-drift-sev4").Properties; !strings.HasSuffix(project.Actions.ActionGroups[0], "-data-scientist") {
		t.Errorf("%v", project.Actions.ActionGroups)
	}
}

func TestExistingGroups(t *testing.T) {
	fake, client, declared := scene(t)
	given := fake.ResourceGroup("ops") + "/providers/Microsoft.Insights/actionGroups/on-call"
	fake.Put(given, map[string]any{"location": "Global", "properties": map[string]any{}})
	declared.Project.Azure.Alerts.ActionGroupIDs = []string{given}
	declared.Project.Azure.Alerts.Receivers = nil
	plan := render(t, declared)
	if len(plan.Groups) != 0 || len(rule(t, plan, "-drift-sev2").Properties.Actions.ActionGroups) != 1 {
		t.Errorf("%v", plan.Ids())
	}
	if _, err := plan.Apply(t.Context(), client, nil); err != nil {
		t.Error(err)
	}
	if err := monitor.Delete(t.Context(), client, plan.ResourceGroupID, plan.Place); err != nil || len(fake.Inventory()) != 0 || fake.Get(given) == nil {
		t.Errorf("%v: left %v", err, fake.Inventory())
	}
	declared.Project.Azure.Alerts.ActionGroupIDs = slices.Repeat([]string{given}, 6)
	if _, err := monitor.Render(declared); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), "6 action groups") {
		t.Errorf("%v", err)
	}
	declared.Component = ""
	if _, err := monitor.Render(declared); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// The bodies are judged by the published types; applied twice, nothing is written, for two calls; taken away, nothing is left.
func TestApply(t *testing.T) {
	fake, client, declared := scene(t)
	fake.PolicyTags(map[string]string{"cost-centre": "4711"})
	plan := render(t, declared)
	if _, err := plan.Apply(t.Context(), client, nil); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), `webhook "hook" is not known`) {
		t.Errorf("without the webhook's URL: %v", err)
	}
	if _, err := plan.Apply(t.Context(), client, secrets(declared)); err != nil {
		t.Fatal(err)
	}
	if got := len(fake.Inventory()); got != len(plan.Ids()) {
		t.Errorf("%d things, want %d", got, len(plan.Ids()))
	}
	engineer := ""
	for id := range plan.Groups {
		if strings.HasSuffix(id, "-mlops-engineer") {
			engineer = id
		}
	}
	sent := fmt.Sprint(fake.Get(engineer))
	for _, want := range []string{"onalert?code=FUNCTION-KEY", "sig=FLOW-KEY", "key=HOOK-KEY", "useAadAuth:true", "deputy@example.com", "owner"} {
		if !strings.Contains(sent, want) {
			t.Errorf("%s lacks %s", sent, want)
		}
	}
	if strings.Contains(fmt.Sprint(plan), "KEY") {
		t.Error("a plan holds a secret")
	}
	fake.ForgetCalls()
	if changes, err := plan.Apply(t.Context(), client, nil); err != nil || len(changes) != 0 || len(fake.Calls()) != 2 {
		t.Errorf("again: %v %v, %d calls", changes, err, len(fake.Calls()))
	}

	// By hand: a group deleted, a receiver added, a threshold moved; and tags that are not ours.
	science := strings.Replace(engineer, "-mlops-engineer", "-data-scientist", 1)
	fake.Remove(science)
	fake.Edit(engineer, func(body map[string]any) {
		properties := body["properties"].(map[string]any)
		properties["emailReceivers"] = append(properties["emailReceivers"].([]any), map[string]any{"name": "x", "emailAddress": "x@example.com"})
		body["tags"].(map[string]any)["other"] = "1"
	})
	for id := range plan.Rules {
		if strings.Contains(id, "-drift-sev4") {
			fake.Edit(id, func(body map[string]any) { body["properties"].(map[string]any)["severity"] = 1.0 })
		}
	}
	changes, err := plan.Apply(t.Context(), client, nil)
	if err != nil || len(changes) != 3 || changes[0].Differs[0] != "" || changes[1].Differs[0] != "properties.emailReceivers" || changes[2].Differs[0] != "properties.severity" {
		t.Errorf("%+v %v", changes, err)
	}
	if !strings.Contains(fmt.Sprint(fake.Get(engineer)), "key=HOOK-KEY") {
		t.Error("the URL of a webhook that was not given again is gone")
	}
	// A new version of the secret is a change.
	declared.Project.Azure.Alerts.Receivers[mlops.RoleMLOpsEngineer].Webhooks["hook"] = mlops.AzureWebhook{Version: 2}
	if changes, err := render(t, declared).Apply(t.Context(), client, secrets(declared)); err != nil || len(changes) != 1 {
		t.Errorf("%+v %v", changes, err)
	}

	fake.ForgetCalls()
	if err := monitor.Delete(t.Context(), client, plan.ResourceGroupID, plan.Place); err != nil || len(fake.Inventory()) != 0 {
		t.Errorf("%v: left %v", err, fake.Inventory())
	}
	groups := false
	for _, call := range fake.Calls() {
		if call.Method == http.MethodDelete {
			isGroup := strings.Contains(strings.ToLower(call.Path), "/actiongroups/")
			if groups && !isGroup {
				t.Error("a group goes before a rule")
			}
			groups = groups || isGroup
		}
	}
}

// A monitor that goes leaves its rule's query; one that changes its severity moves to another rule.
func TestMoves(t *testing.T) {
	fake, client, declared := scene(t)
	if _, err := render(t, declared).Apply(t.Context(), client, secrets(declared)); err != nil {
		t.Fatal(err)
	}
	declared.Monitors[2].Alert.Severity = 3
	declared.Monitors = declared.Monitors[1:]
	plan := render(t, declared)
	changes, err := plan.Apply(t.Context(), client, nil)
	if err != nil || len(changes) != 9 {
		t.Errorf("%+v %v", changes, err)
	}
	if got := len(fake.Inventory()); got != len(plan.Ids()) {
		t.Errorf("%d things, want %d", got, len(plan.Ids()))
	}
}

// Every call in turn goes wrong once, and an apply that ends after it is finished by the next: nothing is missing or twice.
func TestEveryCallGoesWrong(t *testing.T) {
	for name, wrong := range map[string]armfake.Misbehaviour{
		"throttled": armfake.Throttle(time.Millisecond), "lost": armfake.LoseReply(), "ended": armfake.Fail(400, "Ended", "as if the process had ended"),
	} {
		for call := 1; ; call++ {
			fake, client, declared := scene(t)
			declared.Deployments, declared.Monitors = nil, declared.Monitors[:1]
			plan := render(t, declared)
			end := fake.Misbehave(wrong, 1, armfake.Nth(call))
			_, err := plan.Apply(t.Context(), client, secrets(declared))
			end()
			calls := len(fake.Calls())
			if ended := name == "ended" && call <= calls; ended != (err != nil) {
				t.Fatalf("%s call %d: %v", name, call, err)
			}
			if err != nil && strings.Contains(err.Error(), "KEY") {
				t.Errorf("%s call %d: an error holds a secret: %v", name, call, err)
			}
			if _, err := plan.Apply(t.Context(), client, secrets(declared)); err != nil {
				t.Fatalf("%s call %d, next apply: %v", name, call, err)
			}
			if got := len(fake.Inventory()); got != len(plan.Ids()) {
				t.Fatalf("%s call %d: %d things, want %d", name, call, got, len(plan.Ids()))
			}
			if call > calls {
				break
			}
		}
	}
}

func TestCallbacksThatCannotBe(t *testing.T) {
	fake, client, declared := scene(t)
	fake.Edit(declared.Project.Azure.Alerts.Receivers[mlops.RoleMLOpsEngineer].LogicApps["flow"].ID, func(body map[string]any) {
		body["properties"] = map[string]any{"definition": map[string]any{"triggers": map[string]any{"daily": map[string]any{"type": "Recurrence"}}}}
	})
	if _, err := render(t, declared).Apply(t.Context(), client, secrets(declared)); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), "0 triggers of type Request") {
		t.Errorf("%v", err)
	}
	fake.Remove(declared.Project.Azure.Alerts.Receivers[mlops.RoleMLOpsEngineer].Functions["func"].ID)
	if _, err := render(t, declared).Apply(t.Context(), client, secrets(declared)); !errors.Is(err, mlops.ErrNotFound) || !strings.Contains(err.Error(), `function "onAlert"`) {
		t.Errorf("%v", err)
	}
}
