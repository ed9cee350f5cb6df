package drift

import (
	"fmt"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Decisions say what followed from a window, as far as the logs of its monitor and its model tell: the episodes that it opened or
// that were open then, what a person said of them, and the runs that they asked for, with who approved them.
func Decisions(report mlops.DriftReport, monitor mlops.MonitorState, model mlops.State) []string {
	var decisions []string
	for _, episode := range monitor.Episodes {
		if episode.Opened.After(report.WindowEnd) || !episode.Closed.IsZero() && episode.Closed.Before(report.WindowEnd) {
			continue
		}
		decisions = append(decisions, episodeDecision(report, episode))
		if episode.Accepted {
			decisions = append(decisions, "A person overruled it: "+episode.Reason)
		}
		for _, run := range model.Runs {
			for _, cause := range run.Causes {
				if cause.Kind == mlops.CauseDrift && cause.Key == episode.ID {
					decisions = append(decisions, runDecision(run))
				}
			}
		}
	}
	return decisions
}

func episodeDecision(report mlops.DriftReport, episode mlops.Episode) string {
	kind := headline(episode.Verdict)
	switch {
	case !episode.Closed.IsZero() && episode.Closed.Equal(report.WindowEnd):
		return fmt.Sprintf("It closed the episode of %s that was open since %s UTC.", kind, utc(episode.Opened))
	case episode.Opened.Equal(report.WindowEnd):
		return fmt.Sprintf("It opened an episode of %s: its owners were told.", kind)
	default:
		return fmt.Sprintf("An episode of %s is open since %s UTC.", kind, utc(episode.Opened))
	}
}

// runDecision is what a run came to, in one sentence.
func runDecision(run mlops.Run) string {
	sentence := fmt.Sprintf("Run %s: %s", run.ID, strings.ReplaceAll(string(run.State), "_", " "))
	if run.Guard != "" {
		sentence += ", held back by " + strings.ReplaceAll(string(run.Guard), "_", " ")
	}
	if run.Version > 0 {
		sentence += fmt.Sprintf(", version %d", run.Version)
	}
	if approval := run.Approval; approval != nil {
		sentence += fmt.Sprintf(", decided by %s on %s UTC", approval.Actor.Name, approval.Time.UTC().Format(time.DateTime))
		if approval.Reason != "" {
			sentence += " (" + approval.Reason + ")"
		}
	}
	if run.Reason != "" {
		sentence += ": " + run.Reason
	}
	return sentence + "."
}
