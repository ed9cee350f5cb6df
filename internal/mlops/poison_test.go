package mlops

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever stands in a log, folding it is an error at worst, and what a fold accepts can be decided on: a poison document
// stops its model, never the controller.
func TestPoisonNeverPanics(t *testing.T) {
	content, err := os.ReadFile("testdata/corpus/run-events-v1.json")
	if err != nil {
		t.Fatal(err)
	}
	var documents []any
	if err := json.Unmarshal(content, &documents); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		state := NewState("delay")
		spoilt := rapid.IntRange(0, len(documents)-1).Draw(t, "spoilt")
		for i, document := range documents {
			if i >= spoilt && rapid.Bool().Draw(t, "spoil") {
				document = spoil(t, document, documents)
			}
			data, err := json.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			event, err := DecodeEvent(data)
			if err != nil {
				continue
			}
			event.Sequence, event.Time = state.Sequence+1, latest(event.Time, state.Time) // deeper than the header
			next, err := Apply(state, event)
			if err != nil || next.Parked != "" {
				continue
			}
			state = next
			checkFolded(t, state)
			decideAnyhow(t, state)
		}
	})
}

// checkFolded wants of open runs what jobs are rendered from.
func checkFolded(t *rapid.T, state State) {
	for _, run := range state.Open() {
		if run.State == RunTraining && run.Inputs == nil ||
			run.State == RunTrained && (run.Inputs == nil || run.Output == nil || run.Holdout == nil) {
			t.Fatalf("run %s is %s with %+v", run.ID, run.State, run)
		}
	}
	for alias, at := range state.Aliases {
		if _, ok := state.Version(at.Version); !ok {
			t.Fatalf("alias %s names version %d of %d", alias, at.Version, len(state.Versions))
		}
	}
}

// decideAnyhow asks what comes next in worlds in which much is missing, and folds the answer.
func decideAnyhow(t *rapid.T, state State) {
	s := newTale(t)
	full := s.world
	full.Incarnation, full.Now = state.Incarnation, latest(state.Time, dawn).Add(time.Hour)
	full.Episodes = []Episode{{}, {ID: "delay-1", Monitor: "delay", Verdict: VerdictCovariate}}
	for _, run := range state.Runs {
		full.Requests = append(full.Requests, Request{Actor: Actor{Name: "ada"}, ID: "1" + run.ID, RunID: run.ID, Action: ActionApprove},
			Request{Actor: Actor{Name: "ada"}, ID: "2" + run.ID, RunID: run.ID, Action: ActionRetry})
		full.Outputs[JobName(run.ID, run.Attempt, StepTrain)] = StepOutput{}
		full.Jobs[JobName(run.ID, run.Attempt, StepEvaluateCandidate)] = JobStatus{Done: true}
	}
	lost := full // what is deployed is not declared any more, nor what it is made from
	lost.Training, lost.Versions, lost.Deployments, lost.Policy = nil, nil, []Deployment{{}}, RetrainPolicy{Triggers: Triggers{Drift: &DriftTrigger{}, Schedule: &ScheduleTrigger{}}}
	for _, world := range []World{full, lost, {Model: &Model{}, Incarnation: state.Incarnation}, {}} {
		event, some := Next(state, world)
		if !some {
			continue
		}
		event.Sequence, event.Time = state.Sequence+1, latest(world.Now, state.Time)
		if _, err := Apply(state, event); err != nil {
			t.Fatalf("%s was decided and cannot be: %v", event.Type, err)
		}
	}
}

// spoil takes away, empties, or exchanges one part of a document.
func spoil(t *rapid.T, document any, others []any) any {
	object, ok := document.(map[string]any)
	if !ok || len(object) == 0 {
		return rapid.SampledFrom([]any{nil, "", "x", -1.0, 1e30, []any{}, map[string]any{}}).Draw(t, "value")
	}
	object = maps.Clone(object)
	key := rapid.SampledFrom(slices.Sorted(maps.Keys(object))).Draw(t, "key")
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		delete(object, key)
	case 1:
		object[key] = rapid.SampledFrom([]any{nil, "", "x", -1.0, 7.0, []any{nil}, map[string]any{}}).Draw(t, "value")
	case 2:
		if other, ok := rapid.SampledFrom(others).Draw(t, "other").(map[string]any); ok {
			object[key] = other[key]
		}
	default:
		object[key] = spoil(t, object[key], others)
	}
	return object
}

func TestPoisonOfMonitorsNeverPanics(t *testing.T) {
	kinds := []MonitorEventType{WindowJudged, EpisodeOpened, EpisodeClosed, EpisodeAccepted, "teleported"}
	verdicts := []Verdict{VerdictStable, VerdictDataQuality, VerdictCovariate, VerdictInsufficient, "", "x"}
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return rapid.SampledFrom([]time.Time{{}, dawn, dawn.Add(time.Hour), dawn.AddDate(9000, 0, 0), dawn.AddDate(-3000, 0, 0)}).Draw(t, "moment")
	})
	rapid.Check(t, func(t *rapid.T) {
		state := MonitorState{Monitor: "delay"}
		monitor := DriftMonitor{OpenAfter: int64(rapid.IntRange(-1, 2).Draw(t, "open")), CloseAfter: int64(rapid.IntRange(-1, 2).Draw(t, "close"))}
		for range rapid.IntRange(1, 120).Draw(t, "events") {
			next, err := ApplyMonitor(state, MonitorEvent{
				Header: Header{Sequence: state.Sequence + 1, Time: moment.Draw(t, "time")}, Type: rapid.SampledFrom(kinds).Draw(t, "type"),
				WindowStart: moment.Draw(t, "start"), WindowEnd: moment.Draw(t, "end"), Verdict: rapid.SampledFrom(verdicts).Draw(t, "verdict"),
				EpisodeID: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "episode"),
			})
			if err == nil && next.Parked == "" {
				state = next
			}
			NextEpisodeEvent(state, monitor)
		}
	})
}
