package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// runLine says of a run what it waits for or why it is over.
func runLine(run mlops.Run) Run {
	return Run{
		ID: run.ID, State: run.State, Cause: causeWords(run.Causes), Since: run.Updated, Deadline: run.Deadline, Version: run.Version,
		Waits: waits(run),
	}
}

func causeWords(causes []mlops.Cause) string {
	if len(causes) == 0 {
		return ""
	}
	text := strings.ReplaceAll(string(causes[0].Kind), "_", " ")
	if more := len(causes) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func waits(run mlops.Run) string {
	until := ""
	if !run.Deadline.IsZero() {
		until = " until " + run.Deadline.UTC().Format("2006-01-02 15:04")
	}
	switch run.State {
	case mlops.RunRequested:
		return "starts when nothing else is in flight"
	case mlops.RunWaitingForData:
		return "waits for a newer dataset version" + until + because(run.Reason)
	case mlops.RunTraining:
		return fmt.Sprintf("trains, attempt %d", max(run.Attempt, 1))
	case mlops.RunTrained:
		return "is being evaluated"
	case mlops.RunEvaluated, mlops.RunRegistered:
		return "is being decided"
	case mlops.RunAwaitingApproval:
		return fmt.Sprintf("version %d waits for a person%s", run.Version, until)
	case mlops.RunApproved:
		return "is promoted next"
	case mlops.RunPromoting:
		return fmt.Sprintf("version %d is rolled out and watched", run.Version)
	case mlops.RunFailed:
		if run.Failure != nil {
			return run.Failure.Words()
		}
	case mlops.RunRejected:
		if run.Judgement != nil && len(run.Judgement.Reasons) > 0 {
			return strings.Join(run.Judgement.Reasons, "; ")
		}
	case mlops.RunRefused:
		return notBefore(strings.TrimPrefix(because(run.Reason), ": "), run)
	}
	return run.Reason
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func notBefore(text string, run mlops.Run) string {
	if run.Guard != "" {
		text = strings.TrimSuffix(fmt.Sprintf("guard %s: %s", run.Guard, text), ": ")
	}
	if !run.NotBefore.IsZero() {
		text += "; not before " + run.NotBefore.UTC().Format("2006-01-02 15:04")
	}
	return text
}

// nextSteps are the commands that would bring the project on, the most urgent first.
func nextSteps(view View) []Step {
	steps := []Step{}
	add := func(why, command string, names ...any) {
		steps = append(steps, Step{Command: fmt.Sprintf(command, names...), Why: why})
	}
	if !view.Runner.Running {
		add("nothing runs", "mlops local")
	} else if !view.Runner.Control {
		add("nothing is decided without the controller", "mlops logs control")
	}
	for _, model := range view.Models {
		if model.Parked != "" {
			add("the log of "+model.Name+" cannot be read on", "mlops audit verify")
		}
		for _, run := range model.Open {
			switch run.State {
			case mlops.RunAwaitingApproval:
				add(fmt.Sprintf("version %d of %s waits for a person", run.Version, model.Name), "mlops runs show %s", run.ID)
				add("", `mlops approve %s --reason "..."`, run.ID)
			case mlops.RunWaitingForData:
				add("a run of "+model.Name+" waits for newer data", "mlops dataset publish %s --source FILE", datasetOf(model))
			}
		}
		if last := model.Last; last != nil && last.State == mlops.RunFailed {
			add("the last run of "+model.Name+" failed", "mlops runs show %s", last.ID)
		}
		for _, monitor := range model.Monitors {
			for _, episode := range monitor.Episodes {
				if !episode.Accepted {
					add(fmt.Sprintf("%s is open since %s", episode.Verdict, day(episode.Opened)), "mlops drift show %s", monitor.Name)
				}
			}
		}
	}
	return steps
}

func datasetOf(model Model) string {
	if model.Champion == nil {
		return "DATASET"
	}
	return model.Champion.Dataset
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
