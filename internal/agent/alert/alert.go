// Package alert takes Azure Monitor's alerts on a webhook and leads them to where the controller looks anyway: an alert over
// the controller's own gauges only makes it look now, and one that names a model becomes a request to train, under an id that
// is a function of the alert. So an alert, its repetitions and the controller's own reading lead to one run. Who calls is
// checked by an Entra token. It must not decide whether anything is trained: that is the domain's.
package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// MaximumBytes of an alert, as Azure Monitor has it.
const MaximumBytes = 256 << 10

const commonSchema = "azureMonitorCommonAlertSchema"

// Alert is what matters of one in the common alert schema: a log alert (V2) or a metric alert.
type Alert struct {
	ID       string // ARM id of the alert; the same in all its repetitions, and when it is resolved
	Rule     string
	Severity string // "Sev2"
	Resolved bool
	Fired    time.Time // zero where it is not said
	// Properties are the rule's custom properties.
	Properties map[string]string
	// Dimensions of the conditions that fired.
	Dimensions map[string]string
}

// Key tells one change of one alert from all others: deliveries repeat.
func (a Alert) Key() string {
	if a.Resolved {
		return strings.ToLower(a.ID) + "/resolved"
	}
	return strings.ToLower(a.ID) + "/fired"
}

// wire is the part of the common alert schema that is read. Ids differ in case, and much may be missing or null.
type wire struct {
	Schema string `json:"schemaId"`
	Data   struct {
		Essentials struct {
			AlertID   string `json:"alertId"`
			Rule      string `json:"alertRule"`
			Severity  string `json:"severity"`
			Condition string `json:"monitorCondition"`
			Fired     string `json:"firedDateTime"`
		} `json:"essentials"`
		Context struct {
			Properties map[string]any `json:"properties"` // of log alerts
			Condition  struct {
				AllOf []struct {
					Dimensions []struct {
						Name  string `json:"name"`
						Value any    `json:"value"`
					} `json:"dimensions"`
				} `json:"allOf"`
			} `json:"condition"`
		} `json:"alertContext"`
		Properties map[string]any `json:"customProperties"` // of metric alerts
	} `json:"data"`
}

// Parse reads an alert; mlops.ErrInvalid where it is none.
func Parse(body []byte) (Alert, error) {
	if len(body) > MaximumBytes {
		return Alert{}, fmt.Errorf("%w: an alert has at most %d bytes", mlops.ErrInvalid, MaximumBytes)
	}
	var read wire
	if err := json.Unmarshal(body, &read); err != nil {
		return Alert{}, fmt.Errorf("%w: not an alert: %w", mlops.ErrInvalid, err)
	}
	essentials := read.Data.Essentials
	resolved := strings.EqualFold(essentials.Condition, "Resolved")
	switch {
	case read.Schema != commonSchema:
		return Alert{}, fmt.Errorf("%w: schemaId is %q: turn the common alert schema on for this receiver", mlops.ErrInvalid, read.Schema)
	case essentials.AlertID == "":
		return Alert{}, fmt.Errorf("%w: the alert has no alertId", mlops.ErrInvalid)
	case !resolved && !strings.EqualFold(essentials.Condition, "Fired"):
		return Alert{}, fmt.Errorf("%w: monitorCondition is %q: Fired or Resolved is known", mlops.ErrInvalid, essentials.Condition)
	}
	alert := Alert{ID: essentials.AlertID, Rule: essentials.Rule, Severity: essentials.Severity, Resolved: resolved, Properties: map[string]string{}, Dimensions: map[string]string{}}
	if at, err := time.Parse(time.RFC3339Nano, essentials.Fired); err == nil {
		alert.Fired = at.UTC()
	}
	for _, properties := range []map[string]any{read.Data.Properties, read.Data.Context.Properties} {
		for name, value := range properties {
			if text, err := plain(value); err == nil {
				alert.Properties[name] = text
			}
		}
	}
	for _, condition := range read.Data.Context.Condition.AllOf {
		for _, dimension := range condition.Dimensions {
			if text, err := plain(dimension.Value); err == nil && dimension.Name != "" {
				alert.Dimensions[dimension.Name] = text
			}
		}
	}
	return alert, nil
}

var errNotPlain = errors.New("neither a string nor a number nor a boolean")

// plain is a value of one line as text.
func plain(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case float64, bool:
		return fmt.Sprint(value), nil
	}
	return "", errNotPlain
}
