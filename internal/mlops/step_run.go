package mlops

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// afterRequested starts what was asked for: a rollback goes straight to its promotion, every other run trains, or waits
// for data that the champion has not seen.
func (d decision) afterRequested(run Run) *Event {
	if d.state.Frozen != nil {
		refusal := d.frozen()
		return &Event{Type: RunRefused, Guard: refusal.guard, Reason: refusal.reason}
	}
	if run.Cause().Kind == CauseRollback {
		return d.rollBackTo(run)
	}
	if d.world.Training == nil {
		return failedBefore("the training of model %q is not declared: declare it and retry", d.state.Model)
	}
	if _, published := d.world.Newest(); !published {
		return failedBefore("dataset %q has no version: publish one and retry", d.world.Training.Dataset)
	}
	champion, hasChampion := d.state.Champion()
	if hasChampion && onlyDrift(run) && !d.world.newerThan(champion) {
		wait := d.world.Policy.Guards.WaitForData.Std()
		return &Event{Type: RunWaitingForData, Deadline: d.deadline(wait), Reason: fmt.Sprintf(
			"the champion, version %d, has learned from the newest data already (%s version %d): publish a newer version of the dataset",
			champion.Number, champion.Inputs.Dataset, champion.Inputs.DatasetVersion)}
	}
	return d.train(run)
}

func onlyDrift(run Run) bool {
	for _, cause := range run.Causes {
		if cause.Kind != CauseDrift {
			return false
		}
	}
	return true
}

// whileWaitingForData trains once there is newer data and the slot and the guards allow it.
func (d decision) whileWaitingForData(run Run) *Event {
	champion, hasChampion := d.state.Champion()
	if d.world.Training != nil && (!hasChampion && len(d.world.Versions) > 0 || hasChampion && d.world.newerThan(champion)) {
		for _, other := range d.state.Open() {
			if other.ID != run.ID && d.learnsTheSame(other) {
				return &Event{Type: RunSuperseded, Reason: fmt.Sprintf("run %s learns from the new data already", other.ID)}
			}
		}
		if !d.slotTaken() && d.guard(run.Cause(), run.Force) == nil {
			return d.train(run)
		}
	}
	if d.overdue(run) {
		return &Event{Type: RunExpired, Reason: fmt.Sprintf("no newer data that may be trained on arrived within %s", d.world.Policy.Guards.WaitForData)}
	}
	return nil
}

// train begins an attempt, from the newest data and the code as declared now.
func (d decision) train(run Run) *Event {
	newest, _ := d.world.Newest()
	code := *d.world.Training
	return &Event{
		Type: RunTraining, Attempt: run.Attempt + 1,
		Deadline: d.deadline(code.Train.Timeout.Std() + startAllowance),
		Inputs: &Inputs{
			Dataset: newest.Dataset, DatasetVersion: newest.Number, TrainingSHA256: newest.Training.SHA256,
			Training: code.Name, Revision: code.Revision(), SourceRevision: code.SourceRevision,
			Image: code.Image, Parameters: code.Parameters, Code: code,
		},
	}
}

// whileTraining waits for what the attempt publishes. A result that is there counts, however late it is seen.
func (d decision) whileTraining(run Run) *Event {
	name := JobName(run.ID, run.Attempt, StepTrain)
	if output, ok := d.world.Outputs[name]; ok && output.Output != nil {
		newest, _ := d.world.Newest()
		champion, _ := d.state.Champion()
		if newest.Number == 0 { // retired since: what it learned from is the newest we know
			newest.Dataset, newest.Number = run.Inputs.Dataset, run.Inputs.DatasetVersion
		}
		made := *output.Output
		made.ImageDigest = d.world.Jobs[name].Digests[StepTrain]
		return &Event{
			Type: RunTrained, Attempt: run.Attempt, Output: &made,
			Holdout:  &Holdout{Dataset: newest.Dataset, Version: newest.Number, Champion: champion.Number},
			Deadline: d.deadline(run.Inputs.Code.Evaluate.Timeout.Std() + startAllowance),
		}
	}
	return d.jobEnded(run, StepTrain, run.Inputs.Code.Train)
}

// whileEvaluating waits for the evaluations of candidate and champion, and for what they say together.
func (d decision) whileEvaluating(run Run) *Event {
	if judgement, ok := d.world.Judgements[run.ID]; ok {
		return &Event{Type: RunEvaluated, Attempt: run.Attempt, Judgement: &judgement, Deadline: d.deadline(requestedFor)}
	}
	for _, step := range EvaluationSteps(run) {
		if _, published := d.world.Outputs[JobName(run.ID, run.Attempt, step)]; published {
			continue
		}
		if event := d.jobEnded(run, step, run.Inputs.Code.Evaluate); event != nil {
			return event
		}
	}
	return nil
}

// EvaluationSteps are the evaluations that a trained run needs.
func EvaluationSteps(run Run) []string {
	if run.Holdout != nil && run.Holdout.Champion > 0 {
		return []string{StepEvaluateCandidate, StepEvaluateChampion}
	}
	return []string{StepEvaluateCandidate}
}

// jobEnded says what follows when a step's job is over, or its time is, and nothing was published. A job that was killed
// or lost says nothing about its code: the attempt is made again, as often as the step allows.
func (d decision) jobEnded(run Run, step string, command JobCommand) *Event {
	job := d.world.Jobs[JobName(run.ID, run.Attempt, step)]
	if !job.Done && !d.overdue(run) {
		return nil
	}
	failure := Failure{Step: step, ExitCode: job.ExitCode, LogTail: job.LogTail, Message: ending(job, command.Timeout), Retry: job.Lost()}
	if !job.Done {
		failure.ExitCode, failure.Retry = -1, true
	}
	allowed := run.Attempt-run.PriorAttempts <= command.Retries
	if job.Lost() && allowed && d.state.Frozen == nil {
		// It repeats what was tried, whatever was declared or published since.
		return &Event{
			Type: RunTraining, Attempt: run.Attempt + 1, Inputs: run.Inputs, Failure: &failure, Reason: failure.Words(),
			Deadline: d.deadline(run.Inputs.Code.Train.Timeout.Std() + startAllowance),
		}
	}
	return failed(failure)
}

// ending says how a job ended; the step is named by whoever shows it. What a program that failed wrote last is the best reason
// there is: the platform's own message only repeats the exit code.
func ending(job JobStatus, timeout Duration) string {
	text, reason := "", job.Message
	switch {
	case !job.Done:
		text = "did not end in time: is anything there to run it? See `mlops status`"
	case job.TimedOut:
		text, reason = fmt.Sprintf("did not end within its timeout of %s", timeout), ""
	case job.Lost():
		text = "was killed or lost"
	case job.ExitCode != 0:
		text = fmt.Sprintf("container %q ended with exit code %d", job.Failed, job.ExitCode)
		last := strings.TrimPrefix(lastLine(job.LogTail), "Error: ")
		if strings.HasPrefix(last, job.Failed+": ") { // the program has named itself, and its code says no more
			return last
		}
		if last != "" {
			reason = last
		}
	default:
		text = "ended without an output that could be published"
	}
	if reason != "" {
		text += ": " + reason
	}
	return text
}

const longestReason = 300 // characters

// colours are what programs write for terminals.
var colours = regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]")

// lastLine is the last line of a log that says anything, cut to what fits a line.
func lastLine(log string) string {
	lines := strings.FieldsFunc(colours.ReplaceAllString(log, ""), func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range slices.Backward(lines) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, line))
		if runes := []rune(line); len(runes) > longestReason {
			line = string(runes[:longestReason]) + "..."
		}
		if line != "" {
			return line
		}
	}
	return ""
}

// afterEvaluated lets a candidate into the registry, or says why not.
func (d decision) afterEvaluated(run Run) *Event {
	if run.Judgement == nil || !run.Judgement.Passed {
		reason := "it did not pass the validation gate"
		if run.Judgement != nil && len(run.Judgement.Reasons) > 0 {
			reason = strings.Join(run.Judgement.Reasons, "; ")
		}
		return &Event{Type: RunRejected, Reason: reason}
	}
	return &Event{Type: RunRegistered, Version: int64(len(d.state.Versions)) + 1, Deadline: d.deadline(requestedFor)}
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
