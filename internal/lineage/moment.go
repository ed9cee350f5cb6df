package lineage

import (
	"fmt"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// moment puts an event into words.
func moment(event mlops.Event) Moment {
	return Moment{Sequence: event.Sequence, Time: event.Time, Type: event.Type, Actor: event.Actor, Text: Words(event)}
}

// Words is what an event adds to its type, as one line: "" where the type says it all.
func Words(event mlops.Event) string {
	var parts []string
	add := func(format string, values ...any) { parts = append(parts, fmt.Sprintf(format, values...)) }
	switch event.Type {
	case mlops.RunRequested, mlops.RunJoined:
		if event.Cause != nil {
			add("%s", CauseWords(*event.Cause))
		}
	case mlops.RunRefused:
		if event.Guard != "" {
			add("guard %s", event.Guard)
		}
	case mlops.RunTraining:
		add("attempt %d", event.Attempt)
		if in := event.Inputs; in != nil {
			add("on %s version %d with %s", in.Dataset, in.DatasetVersion, in.Image)
		}
	case mlops.RunTrained:
		if event.Output != nil {
			add("model %.12s", event.Output.ArtifactSHA256)
		}
	case mlops.RunEvaluated:
		if event.Judgement != nil {
			add("%s", judgementWords(*event.Judgement))
		}
	case mlops.RunRegistered, mlops.RunApproved:
		if event.Version > 0 {
			add("version %d", event.Version)
		}
	case mlops.RunPromoting, mlops.RunPromoted:
		add("%s from %s to version %d", event.Alias, versionWords(event.Previously), event.Version)
	case mlops.RunRolledBack:
		add("version %d did not hold: %s serves on", event.Version, versionWords(event.Previously))
	case mlops.RunFailed:
		if event.Failure != nil {
			add("%s", event.Failure.Words())
		}
	}
	said := event.Failure != nil && event.Type == mlops.RunFailed // its reason is the same once more
	if event.Reason != "" && !said && (event.Cause == nil || event.Reason != event.Cause.Text) {
		add("%s", event.Reason)
	}
	if !event.NotBefore.IsZero() {
		add("not before %s", event.NotBefore.UTC().Format("2006-01-02 15:04"))
	}
	return strings.Join(parts, "; ")
}

// CauseWords is why a run exists, as one line.
func CauseWords(cause mlops.Cause) string {
	kind := strings.ReplaceAll(string(cause.Kind), "_", " ")
	if cause.Text != "" {
		return kind + ": " + cause.Text
	}
	if cause.Key != "" {
		return kind + " " + cause.Key
	}
	return kind
}

func versionWords(version int64) string {
	if version == 0 {
		return "nothing"
	}
	return fmt.Sprintf("version %d", version)
}

func judgementWords(judgement mlops.Judgement) string {
	if judgement.Passed {
		return "the gate passed"
	}
	return "the gate did not pass: " + strings.Join(judgement.Reasons, "; ")
}

// Ending is why a run is where it is, as one line: "" where nobody said.
func Ending(run mlops.Run) string {
	switch {
	case run.State == mlops.RunFailed && run.Failure != nil:
		return run.Failure.Words()
	case run.State == mlops.RunRejected && run.Judgement != nil && len(run.Judgement.Reasons) > 0:
		return strings.Join(run.Judgement.Reasons, "; ")
	case run.State == mlops.RunRefused && run.Guard != "":
		return strings.TrimSuffix(fmt.Sprintf("guard %s: %s", run.Guard, run.Reason), ": ")
	case run.Reason == run.Cause().Text:
		return ""
	default:
		return run.Reason
	}
}
