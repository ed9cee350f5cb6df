package mlops

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// everyType lists what may stand in a log of today.
var everyType = []EventType{
	RunRequested, RunJoined, RunRefused, RunWaitingForData, RunTraining, RunTrained, RunEvaluated, RunRejected, RunRegistered,
	RunAwaitingApproval, RunApproved, RunDeclined, RunSuperseded, RunExpired, RunPromoting, RunPromoted, RunRolledBack, RunFailed,
	RunCancelled, ModelCreated, ModelDeleted, ModelFrozen, ModelThawed, RequestRefused, RequestAnswered,
}

// Logs that were ever written can be read for ever. The corpus only grows: when a document gets a field, a new file joins.
// MLOPS_WRITE_CORPUS=<file> writes the log of today's story.
func TestCorpusFolds(t *testing.T) {
	if path := os.Getenv("MLOPS_WRITE_CORPUS"); path != "" {
		writeCorpus(t, path)
	}
	files, err := filepath.Glob("testdata/corpus/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	seen := map[EventType]bool{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var documents []json.RawMessage
		if err := json.Unmarshal(content, &documents); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		state := NewState("delay")
		for i, document := range documents {
			event, err := DecodeEvent(document)
			if err != nil {
				t.Fatalf("%s: document %d: %v", file, i+1, err)
			}
			if state, err = Apply(state, event); err != nil || state.Parked != "" {
				t.Fatalf("%s: document %d: %v %s", file, i+1, err, state.Parked)
			}
			seen[event.Type] = true
		}
	}
	for _, kind := range everyType {
		if !seen[kind] {
			t.Errorf("no document of the type %q is in the corpus", kind)
		}
	}
}

// An event of a type that a later version writes stops the model, not the reader.
func TestUnknownTypeParks(t *testing.T) {
	state, err := Apply(NewState("delay"), Event{Header: Header{Sequence: 1}, Type: "teleported"})
	if err != nil || state.Parked == "" {
		t.Errorf("state %+v, %v; want it parked", state, err)
	}
	if _, some := Next(state, World{Model: &Model{}}); some {
		t.Error("a parked model was moved")
	}
}

// writeCorpus tells a story in which everything happens.
func writeCorpus(t *testing.T, path string) {
	s := newTale(t)
	var events []Event
	add := func(more []Event) { events = append(events, more...) }
	ask := func(action RequestAction, version int64) {
		run := s.last()
		for _, other := range s.state.Open() {
			run = other
		}
		s.ask(Request{Action: action, RunID: run.ID, Version: version, Reason: "a reason"})
		add(s.through(true))
		s.wait(durationDay)
	}
	add(s.through(true))
	s.wait(durationDay)
	s.episode("delay-1", VerdictDataQuality)
	add(s.through(true))
	s.world.Episodes = nil
	s.episode("delay-2", VerdictCovariate)
	add(s.follow())
	s.publish(2)
	add(s.through(true))
	s.code("2")
	add(s.through(true)) // supersedes
	ask(ActionDecline, 0)
	s.code("3")
	add(s.through(false))
	s.code("4")
	add(s.through(true))
	ask(ActionApprove, 0)
	ask(ActionFreeze, 0)
	ask(ActionFreeze, 0)
	ask(ActionRollback, 1)
	ask(ActionThaw, 0)
	ask(ActionRollback, 1)
	s.publish(3)
	add(s.follow())
	run := s.last()
	s.world.Jobs[JobName(run.ID, 1, StepTrain)] = JobStatus{Done: true, ExitCode: -1}
	add(s.follow())
	s.world.Jobs[JobName(run.ID, 2, StepTrain)] = JobStatus{Done: true, ExitCode: 1, Failed: "train", LogTail: "boom"}
	add(s.follow())
	ask(ActionRetry, 0)
	s.ask(Request{Action: ActionApprove, RunID: run.ID})
	add(s.follow())
	delete(s.world.Serving, "delay")
	s.wait(durationDay)
	add(s.follow()) // rolled back
	s.publish(4)
	add(s.through(true))
	s.wait(30 * durationDay)
	add(s.follow()) // expired
	s.publish(5)
	add(s.follow())
	ask(ActionCancel, 0)
	s.world.Model = nil
	add(s.follow())
	previous := ""
	for i := range events {
		events[i].Schema, events[i].Writer, events[i].Previous = EventSchema, "0123456789abcdef", previous
		previous = ContentHash(json.RawMessage(events[i].Type))
	}
	content, err := json.MarshalIndent(events, "", " ")
	if err == nil {
		err = os.WriteFile(path, append(content, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
