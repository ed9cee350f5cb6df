//go:build linux

package loop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// logFile is where an event of the model's log stands.
func (s *scene) logFile(sequence int) string {
	return filepath.Join(s.folder, "logs", modelName, fmt.Sprintf("%012d.json", sequence))
}

// events reads the model's log as it is on disk.
func (s *scene) events() []mlops.Event {
	var events []mlops.Event
	for {
		data, err := os.ReadFile(s.logFile(len(events) + 1))
		if errors.Is(err, fs.ErrNotExist) {
			return events
		}
		if err != nil {
			s.t.Fatal(err)
		}
		events = append(events, decode[mlops.Event](s.t, data))
	}
}

// types are the events of the log, or of one run, in words.
func (s *scene) types(run string) string {
	var types []string
	for _, event := range s.events() {
		if run == "" || event.RunID == run {
			types = append(types, string(event.Type))
		}
	}
	return strings.Join(types, " ")
}

// state folds the log.
func (s *scene) state() mlops.State {
	s.t.Helper()
	state, err := s.open().Model(s.t.Context(), modelName)
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// awaitEvent waits for an event of a type behind a number of the log, and returns it.
func (s *scene) awaitEvent(after int, kind mlops.EventType) mlops.Event {
	s.t.Helper()
	var found mlops.Event
	s.await("event "+string(kind), func() (bool, string) {
		events := s.events()
		at := slices.IndexFunc(events, func(e mlops.Event) bool { return int(e.Sequence) > after && e.Type == kind })
		if at < 0 {
			return false, s.types("")
		}
		found = events[at]
		return true, ""
	})
	return found
}

// champion is the version that the alias names, 0 for none.
func (s *scene) champion() int64 {
	champion, _ := s.state().Champion()
	return champion.Number
}

// awaitServed waits until a version is champion and every replica serves it.
func (s *scene) awaitServed(version int64) {
	s.t.Helper()
	s.await(fmt.Sprintf("version %d is champion and served", version), func() (bool, string) {
		live, err := s.open().Workloads.Get(s.t.Context(), "services", modelName)
		seen := fmt.Sprintf("champion %d, %s, %+v %v", s.champion(), s.types(""), live.Status, err)
		return err == nil && s.champion() == version && live.RolledOut() && slices.Equal(live.Status.Versions, []int64{version}), seen
	})
}

// witnessed are the jobs that began to work, in words: "train run-0123456789" and "evaluate".
func (s *scene) witnessed() []string {
	content, err := os.ReadFile(s.path("witness"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Fatal(err)
	}
	return strings.Fields(strings.ReplaceAll(string(content), "train ", "train:"))
}

// awaitWitness waits until so many jobs of a kind have begun to work.
func (s *scene) awaitWitness(kind string, jobs int) {
	s.t.Helper()
	s.await(fmt.Sprintf("%d jobs that %s", jobs, kind), func() (bool, string) {
		begun := s.witnessed()
		return len(slices.DeleteFunc(slices.Clone(begun), func(job string) bool { return !strings.HasPrefix(job, kind) })) == jobs, fmt.Sprint(begun)
	})
}

// count counts equal words.
func count(words []string) map[string]int {
	counted := map[string]int{}
	for _, word := range words {
		counted[word]++
	}
	return counted
}

// documents are the keys of the store below a prefix.
func (s *scene) documents(prefix string) []string {
	s.t.Helper()
	entries, err := s.open().Store.List(s.t.Context(), prefix, "", 0)
	if err != nil {
		s.t.Fatal(err)
	}
	keys := make([]string, len(entries))
	for i, entry := range entries {
		keys[i] = entry.Key
	}
	return keys
}

// awaitNotified waits for so many messages to the owners, and wants no more.
func (s *scene) awaitNotified(messages int) {
	s.t.Helper()
	s.await(fmt.Sprintf("%d messages to the owners", messages), func() (bool, string) {
		alerts := s.documents("alerts/")
		if len(alerts) > messages {
			s.t.Fatalf("%d messages, want %d: %v", len(alerts), messages, alerts)
		}
		return len(alerts) == messages, fmt.Sprint(alerts)
	})
}

// Whole stories, from the bootstrap to a second version that a person let through.
const (
	bootstrapStory = "requested training trained evaluated registered approved promoting promoted"
	approvedStory  = "requested training trained evaluated registered awaiting_approval approved promoting promoted"
)

// checkEndState compares what a bootstrap and an approved second version leave behind, whatever was killed on the way:
// each event once, each job once, each document once, and an intact log.
func (s *scene) checkEndState() {
	s.t.Helper()
	state := s.state()
	if len(state.Runs) != 2 || len(state.Versions) != 2 || s.champion() != 2 {
		s.t.Fatalf("%d runs, %d versions, champion %d; want 2, 2 and 2: %s", len(state.Runs), len(state.Versions), s.champion(), s.types(""))
	}
	want := map[string]int{"evaluate": 3} // the bootstrap's candidate; then candidate and champion
	wantOutputs := []string{}
	for i, story := range []string{bootstrapStory, approvedStory} {
		run := state.Runs[i]
		if got := s.types(run.ID); got != story {
			s.t.Errorf("run %d: %s\nwant    %s", i+1, got, story)
		}
		want["train:"+run.ID] = 1
		steps := []string{mlops.StepTrain, mlops.StepEvaluateCandidate, mlops.StepEvaluateChampion}
		for _, step := range steps[:2+i] {
			wantOutputs = append(wantOutputs, mlops.StepOutputKey(modelName, run.ID, 1, step))
		}
	}
	if got := count(s.witnessed()); !equal(got, want) {
		s.t.Errorf("jobs that began: %v, want %v", got, want)
	}
	slices.Sort(wantOutputs)
	if got := s.documents("runs/"); !slices.Equal(got, wantOutputs) {
		s.t.Errorf("outputs %v, want %v", got, wantOutputs)
	}
	s.awaitNotified(3) // version 1 is promoted, version 2 waits, version 2 is promoted: one message for each
	if requests := s.documents("requests/"); len(requests) != 0 {
		s.t.Errorf("requests are left: %v", requests)
	}
	s.checkOnce()
}

// checkOnce says that the log is what was written, and that each spec was declared once.
func (s *scene) checkOnce() {
	s.t.Helper()
	s.must("audit", "verify")
	for _, key := range s.documents("specs/") {
		if !strings.HasSuffix(key, "/000000000001.json") {
			s.t.Errorf("%s: a spec was declared twice", key)
		}
	}
}

func equal(a, b map[string]int) bool {
	if len(a) != len(b) {
		return false
	}
	for key, n := range a {
		if b[key] != n {
			return false
		}
	}
	return true
}
