package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Plan is all that there must be, by ARM id.
type Plan struct {
	ResourceGroupID string
	Place           string
	Groups          map[string]Group
	Rules           map[string]Rule
}

// Render is what there must be for what is declared.
func Render(d Declared) (Plan, error) {
	if d.Project.Azure == nil || d.Project.Azure.Alerts == nil {
		return Plan{}, fmt.Errorf("%w: project %q has no azure.alerts", mlops.ErrInvalid, d.Project.Name)
	}
	if d.Component == "" || d.Location == "" {
		return Plan{}, fmt.Errorf("%w: alerts of project %q look into Application Insights: set azure.telemetry.application_insights_id", mlops.ErrInvalid, d.Project.Name)
	}
	rules, err := d.rules()
	if err != nil {
		return Plan{}, fmt.Errorf("project %q: %w", d.Project.Name, err)
	}
	return Plan{ResourceGroupID: d.Project.Azure.Alerts.ResourceGroupID, Place: d.Place, Groups: d.actionGroups(), Rules: rules}, nil
}

// Live are the rules and groups of a project that are there, as the API tells them, by lower-cased ARM id.
type Live struct {
	Groups, Rules map[string]json.RawMessage
}

// Read lists what is there and carries the project's tag: two calls, however much there is.
func Read(ctx context.Context, client *arm.Client, resourceGroupID, place string) (Live, error) {
	live := Live{Groups: map[string]json.RawMessage{}, Rules: map[string]json.RawMessage{}}
	for _, list := range []struct {
		kind, version string
		into          map[string]json.RawMessage
	}{{"actionGroups", GroupVersion, live.Groups}, {"scheduledQueryRules", RuleVersion, live.Rules}} {
		at := strings.TrimSuffix(resourceGroupID, "/") + "/providers/Microsoft.Insights/" + list.kind
		err := client.List(ctx, at, list.version, nil, func(data json.RawMessage) error {
			var found struct {
				ID   string            `json:"id"`
				Tags map[string]string `json:"tags"`
			}
			if err := json.Unmarshal(data, &found); err != nil {
				return fmt.Errorf("list %s: %w", at, err)
			}
			if mlops.SameARMID(found.Tags[OwnerTag], place) {
				list.into[strings.ToLower(found.ID)] = slices.Clone(data)
			}
			return nil
		})
		if err != nil {
			return live, err
		}
	}
	return live, nil
}

// Change is one write that brings what is there to what must be.
type Change struct {
	ID string
	// Differs are the fields that differ, "" alone where the resource is not there; empty where it is to be deleted.
	Differs []string
	Delete  bool
	// Replace deletes it first: what differs is fixed when a rule is made.
	Replace bool
}

// Changes are the writes that are needed, in the order in which they are done: groups before the rules that name them, and
// rules before the groups that they named.
func (p Plan) Changes(live Live) []Change {
	var changes []Change
	for _, id := range slices.Sorted(maps.Keys(p.Groups)) {
		changes = append(changes, change(id, p.Groups[id], live.Groups)...)
	}
	for _, id := range slices.Sorted(maps.Keys(p.Rules)) {
		changes = append(changes, change(id, p.Rules[id], live.Rules)...)
	}
	changes = append(changes, stale(p.Rules, live.Rules)...)
	return append(changes, stale(p.Groups, live.Groups)...)
}

func change(id string, wanted any, live map[string]json.RawMessage) []Change {
	found, there := live[strings.ToLower(id)]
	if !there {
		return []Change{{ID: id, Differs: []string{""}}}
	}
	if differs := differences(wanted, found); len(differs) > 0 {
		return []Change{{ID: id, Differs: differs, Replace: slices.ContainsFunc(differs, fixed)}}
	}
	return nil
}

// fixed says whether what stands at a path cannot be changed in place.
func fixed(at string) bool { return at == "location" || strings.HasPrefix(at, "properties.scopes") }

func stale[V any](wanted map[string]V, live map[string]json.RawMessage) []Change {
	keep := map[string]bool{}
	for id := range wanted {
		keep[strings.ToLower(id)] = true
	}
	var changes []Change
	for _, id := range slices.Sorted(maps.Keys(live)) {
		if !keep[id] {
			changes = append(changes, Change{ID: id, Delete: true})
		}
	}
	return changes
}
