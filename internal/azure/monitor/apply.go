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

// Secrets are the URLs of webhooks by "<ARM id of the group>/<name of the receiver>", lower-cased; see SecretKey. One that is
// not given stays as it is.
type Secrets map[string]string

// SecretKey is how the URL of a role's webhook is found in Secrets.
func (d Declared) SecretKey(role mlops.Role, webhook string) string {
	return strings.ToLower(d.groupID(role) + "/" + webhook)
}

// Apply makes what is there what must be, and returns what it changed. It can be done again at any moment.
func (p Plan) Apply(ctx context.Context, client *arm.Client, secrets Secrets) ([]Change, error) {
	live, err := Read(ctx, client, p.ResourceGroupID, p.Place)
	if err != nil {
		return nil, err
	}
	changes := p.Changes(live)
	for i, change := range changes {
		if err := p.do(ctx, client, change, live, secrets); err != nil {
			return changes[:i], err
		}
	}
	return changes, nil
}

// ApplyRules makes the rules what they must be, and leaves the groups, whose secrets it does not know, as they are. A rule whose
// group is not there yet is made with that, when all of the project is: what settles is a part, or is being destroyed.
func (p Plan) ApplyRules(ctx context.Context, client *arm.Client) error {
	live, err := Read(ctx, client, p.ResourceGroupID, p.Place)
	if err != nil {
		return err
	}
	for _, change := range p.Changes(live) {
		if !isGroup(change.ID) && (change.Delete || p.hasGroups(change.ID, live)) {
			if err := p.do(ctx, client, change, live, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// hasGroups says whether the project's own groups that a rule tells are there.
func (p Plan) hasGroups(rule string, live Live) bool {
	return !slices.ContainsFunc(p.Rules[rule].Properties.Actions.ActionGroups, func(id string) bool {
		_, own := p.Groups[id]
		_, there := live.Groups[strings.ToLower(id)]
		return own && !there
	})
}

func isGroup(id string) bool { return strings.Contains(strings.ToLower(id), "/actiongroups/") }

func (p Plan) do(ctx context.Context, client *arm.Client, change Change, live Live, secrets Secrets) error {
	if group, ok := p.Groups[change.ID]; ok && !change.Delete {
		filled, err := group.filled(ctx, client, change.ID, live.Groups[strings.ToLower(change.ID)], secrets)
		if err != nil {
			return fmt.Errorf("action group %s: %w", change.ID, err)
		}
		return client.Put(ctx, change.ID, GroupVersion, filled, nil, arm.Condition{})
	}
	if rule, ok := p.Rules[change.ID]; ok && !change.Delete {
		if change.Replace {
			if err := client.Delete(ctx, change.ID, RuleVersion, arm.Condition{}); err != nil {
				return err
			}
		}
		return client.Put(ctx, change.ID, RuleVersion, rule, nil, arm.Condition{})
	}
	version := RuleVersion
	if isGroup(change.ID) {
		version = GroupVersion
	}
	return client.Delete(ctx, change.ID, version, arm.Condition{})
}

// Delete removes all rules of a project, then all its groups.
func Delete(ctx context.Context, client *arm.Client, resourceGroupID, place string) error {
	_, err := Plan{ResourceGroupID: resourceGroupID, Place: place}.Apply(ctx, client, nil)
	return err
}

// filled is the group with the secrets that only its sending needs: functions' and logic apps' are fetched, webhooks' are
// given, or taken from the group as it is.
func (g Group) filled(ctx context.Context, client *arm.Client, id string, live json.RawMessage, secrets Secrets) (Group, error) {
	copied := func(receivers []map[string]any) []map[string]any {
		found := make([]map[string]any, len(receivers))
		for i, one := range receivers {
			found[i] = maps.Clone(one)
		}
		return found
	}
	to := &g.Properties
	to.Functions, to.LogicApps, to.Webhooks = copied(to.Functions), copied(to.LogicApps), copied(to.Webhooks)
	for _, one := range to.Functions {
		address, err := functionURL(ctx, client, word(one["functionAppResourceId"]), word(one["functionName"]))
		if err != nil {
			return g, err
		}
		one["httpTriggerUrl"] = address
	}
	for _, one := range to.LogicApps {
		address, err := logicAppURL(ctx, client, word(one["resourceId"]))
		if err != nil {
			return g, err
		}
		one["callbackUrl"] = address
	}
	before := uris(live)
	for _, one := range to.Webhooks {
		if _, secret := one[secretURI]; !secret {
			continue
		}
		delete(one, secretURI)
		name := word(one["name"])
		address := secrets[strings.ToLower(id+"/"+name)]
		if address == "" {
			address = before[name]
		}
		if address == "" {
			return g, fmt.Errorf("%w: the URL of webhook %q is not known: it is write-only, so give it again with the next version", mlops.ErrInvalid, name)
		}
		one["serviceUri"] = address
	}
	return g, nil
}

// uris are the addresses of a group's webhooks as the API tells them.
func uris(live json.RawMessage) map[string]string {
	var group struct {
		Properties struct {
			Webhooks []struct{ Name, ServiceURI string } `json:"webhookReceivers"`
		} `json:"properties"`
	}
	found := map[string]string{}
	if json.Unmarshal(live, &group) == nil {
		for _, one := range group.Properties.Webhooks {
			found[one.Name] = one.ServiceURI
		}
	}
	return found
}

func word(value any) string {
	read, _ := value.(string)
	return read
}

// Ids are the ARM ids of all that a plan holds, groups first.
func (p Plan) Ids() []string {
	return append(slices.Sorted(maps.Keys(p.Groups)), slices.Sorted(maps.Keys(p.Rules))...)
}
