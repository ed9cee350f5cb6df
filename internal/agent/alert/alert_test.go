package alert_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/alert"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// In the form of Microsoft's own samples, with our own values.
const (
	logAlert = `{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"/subscriptions/S/providers/Microsoft.AlertsManagement/alerts/A1",
		"alertRule":"drift of flight-delay","severity":"Sev2","signalType":"Log","monitorCondition":"Fired","monitoringService":"Log Alerts V2",
		"alertTargetIDs":["/subscriptions/s/rg"],"configurationItems":["ai"],"originAlertId":"O1","firedDateTime":"2026-01-02T03:04:05.123Z","description":""},
		"alertContext":{"properties":{"mlops_project":"flights","mlops_signal":"drift","count":3},"conditionType":"LogQueryCriteria","condition":{"windowSize":"PT15M",
		"allOf":[{"operator":"GreaterThan","threshold":"0","dimensions":[{"name":"object","value":"drift_monitors/delay"}],"metricValue":1}],
		"windowStartTime":"2026-01-02T02:49:05Z","windowEndTime":"2026-01-02T03:04:05Z"}}}}`
	metricAlert = `{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"/subscriptions/S/providers/Microsoft.AlertsManagement/alerts/A2",
		"alertRule":"accuracy","severity":"Sev3","signalType":"Metric","monitorCondition":"Fired","monitoringService":"Platform","firedDateTime":"2026-01-02T03:04:05Z"},
		"alertContext":{"properties":null,"conditionType":"SingleResourceMultipleMetricCriteria","condition":{"windowSize":"PT5M","allOf":[{"metricName":"accuracy",
		"operator":"LessThan","threshold":"0.9","dimensions":[],"metricValue":0.87}]}},"customProperties":{"model":"delay"}}}`
	simpleAlert = `{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"A3","monitorCondition":"Resolved"},
		"alertContext":{"properties":{},"condition":{"allOf":null},"event":[[{"name":"a","value":"b"}]]}}}`
)

func TestParse(t *testing.T) {
	got, err := alert.Parse([]byte(logAlert))
	if err != nil || got.Resolved || got.Rule != "drift of flight-delay" || got.Properties["mlops_signal"] != "drift" || got.Properties["count"] != "3" ||
		got.Dimensions["object"] != "drift_monitors/delay" || !got.Fired.Equal(time.Date(2026, 1, 2, 3, 4, 5, 123e6, time.UTC)) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = alert.Parse([]byte(metricAlert)); err != nil || got.Properties["model"] != "delay" || got.Severity != "Sev3" {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = alert.Parse([]byte(simpleAlert)); err != nil || !got.Resolved || !got.Fired.IsZero() || got.Key() != "a3/resolved" {
		t.Errorf("%+v %v", got, err)
	}
	for want, bad := range map[string]string{
		"not an alert":         `[`,
		"common alert schema":  `{"schemaId":"AzureMonitorMetricAlert","data":{}}`,
		"no alertId":           strings.Replace(logAlert, `"alertId"`, `"other"`, 1),
		"Fired or Resolved":    strings.Replace(logAlert, `"Fired"`, `"Maybe"`, 1),
		"at most 262144 bytes": strings.Repeat(" ", alert.MaximumBytes+1),
	} {
		if _, err := alert.Parse([]byte(bad)); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Whatever comes is an alert with an id or an error, and says the same twice.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{logAlert, metricAlert, simpleAlert, `{}`, `null`, `{"schemaId":"azureMonitorCommonAlertSchema","data":{"alertContext":[]}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		first, err := alert.Parse(body)
		second, again := alert.Parse(body)
		switch {
		case (err == nil) != (again == nil) || first.Key() != second.Key():
			t.Errorf("%v %v", err, again)
		case err == nil && first.ID == "":
			t.Error("an alert without an id")
		case err != nil && !errors.Is(err, mlops.ErrInvalid):
			t.Errorf("%v", err)
		}
	})
}
