package mlops

import (
	"encoding/json"
	"regexp"
)

// lifecycleAfter is how many days a storage account's own rule waits longer than the controller, which knows more: a record's
// age is counted from its arrival, and what the controller could not remove it says.
const lifecycleAfter = 7

var notAlphanumeric = regexp.MustCompile(`[^a-zA-Z0-9]+`)

// LifecycleRule is a rule of a storage account's management policy, as JSON, that removes inference records, labels and hourly
// profiles of a project some days after the controller would have; "" where they are kept for ever. Reports are not in it: one
// that an open episode stands on must stay.
func LifecycleRule(project, container string, recordDays int64) string {
	if recordDays <= 0 {
		return ""
	}
	prefixes := []string{container + "/labels/", container + "/profiles/", container + "/records/"}
	rule := map[string]any{
		"name": "mlops" + notAlphanumeric.ReplaceAllString(project, "") + "records", "enabled": true, "type": "Lifecycle",
		"definition": map[string]any{
			"filters": map[string]any{"blobTypes": []string{"blockBlob"}, "prefixMatch": prefixes},
			"actions": map[string]any{"baseBlob": map[string]any{"delete": map[string]any{"daysAfterModificationGreaterThan": recordDays + lifecycleAfter}}},
		},
	}
	text, _ := json.Marshal(rule) // of strings and numbers
	return string(text)
}
