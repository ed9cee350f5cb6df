package armfake

import (
	"fmt"
	"slices"
	"strings"
)

// fillGroup tells the status of receivers that have one.
func fillGroup(found *resource) {
	properties, _ := found.body["properties"].(map[string]any)
	for _, list := range []string{"emailReceivers", "smsReceivers"} {
		receivers, _ := properties[list].([]any)
		told := make([]any, 0, len(receivers))
		for _, receiver := range receivers {
			one, _ := copyOf(receiver).(map[string]any)
			one["status"] = "Enabled"
			told = append(told, one)
		}
		if len(told) > 0 {
			found.fill["properties."+list] = told
		} else {
			delete(found.fill, "properties."+list)
		}
	}
}

// checkGroup wants names that are unique across all receivers.
func checkGroup(next *resource) *failure {
	names := map[string]bool{}
	for _, list := range sortedKeys(next.properties()) {
		receivers, ok := next.properties()[list].([]any)
		if !ok {
			continue
		}
		if limit := 10; len(receivers) > limit && list != "emailReceivers" {
			flat := bad("TooManyReceivers", fmt.Sprintf("%s: at most %d receivers of a kind are allowed.", list, limit))
			flat.Flat = true
			return flat
		}
		for _, receiver := range receivers {
			one, _ := receiver.(map[string]any)
			name, _ := one["name"].(string)
			if names[name] {
				flat := bad("ReceiverNameNotUnique", fmt.Sprintf("The receiver name '%s' is used more than once.", name))
				flat.Flat = true
				return flat
			}
			names[name] = true
		}
	}
	return nil
}

var (
	frequencies = []string{"PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D"}
	windows     = append(slices.Clone(frequencies), "P2D")
)

// checkRule is what the documents say of log alert rules beyond types: values, and rules between fields.
func (f *Fake) checkRule(next *resource) *failure {
	properties := next.properties()
	frequency, window := slices.Index(windows, text(properties["evaluationFrequency"])), slices.Index(windows, text(properties["windowSize"]))
	severity, _ := properties["severity"].(float64)
	scopes, _ := properties["scopes"].([]any)
	switch {
	case len(scopes) != 1:
		return bad("BadRequest", "A rule has one scope.")
	case frequency < 0 || !slices.Contains(frequencies, text(properties["evaluationFrequency"])):
		return bad("BadRequest", fmt.Sprintf("evaluationFrequency '%v' is not one of %v.", properties["evaluationFrequency"], frequencies))
	case window < frequency:
		return bad("BadRequest", fmt.Sprintf("windowSize '%v' is not one of %v, or shorter than the frequency.", properties["windowSize"], windows))
	case severity < 0 || severity > 4:
		return bad("BadRequest", "severity lies between 0 and 4.")
	case properties["muteActionsDuration"] != nil && properties["autoMitigate"] != false:
		return bad("BadRequest", "autoMitigate must be false where muteActionsDuration is set.")
	case f.resources[strings.ToLower(text(scopes[0]))] == nil:
		return &failure{Status: 400, Code: "ResourceNotFoundError", Message: fmt.Sprintf("The scope '%v' does not exist.", scopes[0])}
	}
	criteria, _ := properties["criteria"].(map[string]any)
	conditions, _ := criteria["allOf"].([]any)
	for _, condition := range conditions {
		if refused := checkCondition(condition); refused != nil {
			return refused
		}
	}
	actions, _ := properties["actions"].(map[string]any)
	groups, _ := actions["actionGroups"].([]any)
	if len(groups) > 5 {
		return bad("BadRequest", "A rule has at most 5 action groups.")
	}
	for _, group := range groups {
		if f.resources[strings.ToLower(text(group))] == nil {
			return bad("ActionGroupNotFound", fmt.Sprintf("The action group '%v' does not exist.", group))
		}
	}
	return nil
}

func checkCondition(condition any) *failure {
	one, _ := condition.(map[string]any)
	if dimensions, _ := one["dimensions"].([]any); len(dimensions) > 6 {
		return bad("BadRequest", "A condition has at most six dimensions.")
	}
	query := text(one["query"])
	for _, forbidden := range []string{"bag_unpack", "pivot", "narrow", "AggregatedValue"} {
		if strings.Contains(query, forbidden) {
			return bad("BadRequest", "The query must not use "+forbidden+".")
		}
	}
	periods, _ := one["failingPeriods"].(map[string]any)
	number, _ := periods["numberOfEvaluationPeriods"].(float64)
	least, _ := periods["minFailingPeriodsToAlert"].(float64)
	if periods != nil && (number < 1 || number > 6 || least < 1 || least > number) {
		return bad("BadRequest", "failingPeriods lie between 1 and 6, and the least number is not above them.")
	}
	return nil
}

func text(value any) string {
	read, _ := value.(string)
	return read
}

func (f *Fake) fillComponent(found *resource) {
	found.once("properties.AppId", f.uuid)
	found.once("properties.InstrumentationKey", f.uuid)
	found.fill["properties.ApplicationId"], found.fill["properties.provisioningState"] = found.name, "Succeeded"
	if _, given := found.body["properties"].(map[string]any)["ConnectionString"]; !given {
		key, _ := found.fill["properties.InstrumentationKey"].(string)
		found.fill["properties.ConnectionString"] = "InstrumentationKey=" + key + ";IngestionEndpoint=" + f.URL + "/ingestion/"
	}
}

// Component seeds an Application Insights component. connectionString may be "".
func (f *Fake) Component(group, name, connectionString string) (id string) {
	properties := map[string]any{}
	if connectionString != "" {
		properties["ConnectionString"] = connectionString
	}
	id = f.ResourceGroup(group) + "/providers/Microsoft.Insights/components/" + name
	f.Put(id, map[string]any{"location": "westeurope", "kind": "web", "properties": properties})
	return id
}
