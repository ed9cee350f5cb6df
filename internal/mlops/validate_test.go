package mlops_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Every slip is a problem of the attribute that holds it, and what is right has none.
func TestSlipsAreProblems(t *testing.T) {
	project := func(change func(*mlops.Project)) mlops.Spec {
		p := mlops.Project{Name: "p", Local: &mlops.Local{Path: "p", Port: 1}, OnDestroy: mlops.OnDestroyRefuse}
		change(&p)
		return p
	}
	deployment := func(change func(*mlops.Deployment)) mlops.Spec {
		d := mlops.Deployment{Name: "d", Model: "m", Alias: mlops.AliasChampion, RollOut: mlops.RollOut{Timeout: mlops.DefaultRollOutTimeout}}
		change(&d)
		return d
	}
	policy := func(change func(*mlops.RetrainPolicy)) mlops.Spec {
		day := mlops.Duration(24 * time.Hour)
		p := mlops.RetrainPolicy{
			Model: "m", Guards: mlops.Guards{WaitForData: day},
			Approval: mlops.Approval{Mode: mlops.ApprovalAutomatic, First: mlops.ApprovalAutomatic, Expiry: day},
		}
		change(&p)
		return p
	}
	number, many := int64(1), int64(99999999999)
	for name, test := range map[string]struct {
		spec mlops.Spec
		path string // "" where nothing is wrong
		says string
	}{
		"a project":            {project(func(*mlops.Project) {}), "", ""},
		"topic":                {project(func(p *mlops.Project) { p.Notifications = map[mlops.Topic][]mlops.Role{"drft": nil} }), "notifications.drft", `unknown topic "drft"`},
		"role":                 {project(func(p *mlops.Project) { p.Notifications = map[mlops.Topic][]mlops.Role{mlops.TopicDrift: {"boss"}} }), "notifications.drift", `unknown role "boss"`},
		"webhook":              {project(func(p *mlops.Project) { p.Owners = owner("ftp://x") }), "owners.data_engineer.webhook", "write https://"},
		"a webhook":            {project(func(p *mlops.Project) { p.Owners = owner("http://127.0.0.1:1/x") }), "", ""},
		"a deployment":         {deployment(func(*mlops.Deployment) {}), "", ""},
		"alias":                {deployment(func(d *mlops.Deployment) { d.Alias = "champoin" }), "alias", "use one of [champion"},
		"alias and version":    {deployment(func(d *mlops.Deployment) { d.Version = &number }), "version", "give one of alias and version"},
		"replicas":             {deployment(func(d *mlops.Deployment) { d.Replicas = &many }), "replicas", "between 0 and 1000"},
		"a policy":             {policy(func(*mlops.RetrainPolicy) {}), "", ""},
		"approvers of nothing": {policy(func(p *mlops.RetrainPolicy) { p.Approval.Approvers = []string{"ada"} }), "approval.approvers", "nobody is asked"},
		"four eyes of nothing": {policy(func(p *mlops.RetrainPolicy) { p.Approval.FourEyes = true }), "approval.four_eyes", "nobody is asked"},
		"approvers of a first": {policy(func(p *mlops.RetrainPolicy) {
			p.Approval.First, p.Approval.Approvers = mlops.ApprovalManual, []string{"ada"}
		}), "", ""},
		"no such day": {policy(func(p *mlops.RetrainPolicy) { p.Triggers.Schedule = &mlops.ScheduleTrigger{Cron: "0 0 30 2 *"} }), "triggers.schedule.cron", "never comes"},
		"time zone": {policy(func(p *mlops.RetrainPolicy) {
			p.Triggers.Schedule = &mlops.ScheduleTrigger{Cron: "@daily", TimeZone: "Mars/Olympus"}
		}), "triggers.schedule.time_zone", "IANA name"},
		"categories": {mlops.Dataset{Name: "d", HoldoutPercent: 20, Columns: map[string]mlops.Column{
			"a": {Type: mlops.TypeCategory, Role: mlops.RoleFeature, Categories: []string{}},
		}}, "columns.a.categories", "no value at all"},
	} {
		t.Run(name, func(t *testing.T) {
			problems := test.spec.Validate()
			if test.path == "" && len(problems) > 0 {
				t.Errorf("%+v, want no problem", problems)
			}
			blamed := slices.ContainsFunc(problems, func(p mlops.Problem) bool {
				return strings.Join(p.Path, ".") == test.path && strings.Contains(p.Message, test.says)
			})
			if test.path != "" && !blamed {
				t.Errorf("%+v, want one of %s that says %q", problems, test.path, test.says)
			}
		})
	}
}

func owner(webhook string) map[mlops.Role]mlops.Owner {
	return map[mlops.Role]mlops.Owner{mlops.RoleDataEngineer: {Email: "a@b", Webhook: webhook}}
}
