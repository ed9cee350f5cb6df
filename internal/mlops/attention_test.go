package mlops_test

import (
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// waiting are the topics of measurements that are 1.
func waiting(measurements []mlops.Measurement) string {
	var topics []string
	for _, one := range measurements {
		if one.Value == 1 {
			topics = append(topics, one.Labels[mlops.LabelTopic])
		}
	}
	return strings.Join(topics, " ")
}

func TestModelAttention(t *testing.T) {
	for want, states := range map[string][]mlops.RunState{
		"":                {mlops.RunFailed, mlops.RunPromoted, mlops.RunTraining},
		"failed":          {mlops.RunPromoted, mlops.RunExpired, mlops.RunCancelled, mlops.RunRefused},
		"rejected":        {mlops.RunFailed, mlops.RunRejected},
		"approval failed": {mlops.RunRolledBack, mlops.RunAwaitingApproval},
	} {
		state := mlops.State{Model: "delay"}
		for _, one := range states {
			state.Runs = append(state.Runs, mlops.Run{State: one})
		}
		if got := waiting(mlops.ModelAttention(state, time.Time{})); got != want {
			t.Errorf("%v: %q, want %q", states, got, want)
		}
	}
	if got := waiting(mlops.ModelAttention(mlops.State{Parked: "?"}, time.Time{})); got != "quarantined" {
		t.Error(got)
	}
}

func TestMonitorAttention(t *testing.T) {
	declared := time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC)
	hourly := mlops.DriftMonitor{Name: "delay", Schedule: "0 * * * *", TimeZone: "UTC"}
	at := func(hours float64) time.Time { return declared.Add(time.Duration(hours * float64(time.Hour))) }
	open := func(verdict mlops.Verdict, accepted bool) mlops.MonitorState {
		return mlops.MonitorState{
			Windows:  []mlops.JudgedWindow{{Judged: at(1)}},
			Episodes: []mlops.Episode{{Verdict: verdict, Accepted: accepted}, {Verdict: mlops.VerdictCovariate, Closed: at(1)}},
		}
	}
	for name, test := range map[string]struct {
		state mlops.MonitorState
		now   time.Time
		want  string
	}{
		"drift":                    {open(mlops.VerdictPerformance, false), at(1), "drift"},
		"data quality":             {open(mlops.VerdictDataQuality, false), at(1), "data_quality"},
		"accepted":                 {open(mlops.VerdictDataQuality, true), at(1), ""},
		"three slots passed":       {open(mlops.VerdictDataQuality, true), at(4.4), ""},
		"and the third's interval": {open(mlops.VerdictDataQuality, true), at(4.5), "overdue"},
		"never judged, new":        {mlops.MonitorState{}, at(3), ""},
		"never judged":             {mlops.MonitorState{}, at(3.5), "overdue"},
	} {
		if got := waiting(mlops.MonitorAttention(hourly, test.state, declared, test.now)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
