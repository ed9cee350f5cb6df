package lineage_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/fakeworkloads"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/story"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

func open() (*project.Project, *memstore.Store) {
	store := memstore.New()
	return project.Open(platform.Platform{Place: "file:.mlops", Store: store, Workloads: fakeworkloads.New()}, "test"), store
}

func planted(t *testing.T) (*project.Project, *memstore.Store) {
	t.Helper()
	in, store := open()
	story.Plant(t, in)
	return in, store
}

func history(t *testing.T, in *project.Project) lineage.History {
	t.Helper()
	told, err := lineage.ReadHistory(t.Context(), in, story.Model)
	if err != nil {
		t.Fatal(err)
	}
	return told
}

// A person names a run by as little as tells it from the others.
func TestFindRun(t *testing.T) {
	in, _ := planted(t)
	for _, c := range []struct {
		reference, want string
		err             error
	}{
		{reference: story.Drift, want: story.Drift},
		{reference: "run-b", want: story.Drift},
		{reference: "B2", want: story.Drift},
		{reference: "latest", want: story.Waiting},
		{reference: "c", err: mlops.ErrInvalid}, // two begin so
		{reference: "run-", err: mlops.ErrNotFound},
		{reference: "", err: mlops.ErrNotFound},
		{reference: "ffff", err: mlops.ErrNotFound},
	} {
		found, err := lineage.FindRun(t.Context(), in, "", c.reference, nil)
		if found.Run.ID != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q: got %q, %v; want %q, %v", c.reference, found.Run.ID, err, c.want, c.err)
		}
	}
	if _, err := lineage.FindRun(t.Context(), in, "flight-dely", "latest", nil); !errors.Is(err, mlops.ErrNotFound) || !strings.Contains(err.Error(), "there is flight-delay") {
		t.Errorf("a model that is not there: %v, want one that names those that are", err)
	}
	none := func(mlops.Run) bool { return false }
	if _, err := lineage.FindRun(t.Context(), in, "", "latest", none); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("latest of none: %v", err)
	}
}

// A run that the state has forgotten is found in the log, with all that it was.
func TestForgottenRunIsFound(t *testing.T) {
	in, _ := open()
	story.Declare(t, in)
	state := mlops.NewState(story.Model)
	then := func(event mlops.Event) {
		t.Helper()
		next, err := in.AppendModel(t.Context(), state, event)
		if err != nil {
			t.Fatal(err)
		}
		state = next
	}
	then(mlops.Event{Type: mlops.ModelCreated, Incarnation: "one"})
	for i := range mlops.RunsKept + 5 {
		cause := mlops.Cause{Kind: mlops.CauseRequest, Key: "ada/" + string(rune('a'+i))}
		id := mlops.RunID(story.Model, "one", cause)
		if i == 0 {
			id = "run-0ld0000000"
		}
		then(mlops.Event{Type: mlops.RunRequested, RunID: id, Cause: &cause})
		then(mlops.Event{Type: mlops.RunCancelled, RunID: id, Reason: "not now"})
	}
	if _, remembered := state.Run("run-0ld0000000"); remembered {
		t.Fatal("the state still remembers the run: this tests nothing")
	}
	found, err := lineage.FindRun(t.Context(), in, "", "0ld", nil)
	if err != nil || found.Run.State != mlops.RunCancelled || found.Run.Reason != "not now" {
		t.Fatalf("got %+v, %v", found.Run, err)
	}
	card, err := lineage.ReadCard(t.Context(), in, found)
	if err != nil || len(card.Timeline) != 2 {
		t.Errorf("its card has the timeline %+v, %v", card.Timeline, err)
	}
}

// Who was champion when, trained on what, let in by whom: all from the log.
func TestHistory(t *testing.T) {
	in, _ := planted(t)
	told := history(t, in)
	versions := []int64{1, 2, 1}
	for i, stint := range told.Stints {
		if stint.Version != versions[i] || !stint.From.Equal(story.Promoted[i]) {
			t.Errorf("stint %d: version %d from %s", i, stint.Version, stint.From)
		}
		if last := i == len(told.Stints)-1; last != (stint.To == nil) || !last && !stint.To.Equal(told.Stints[i+1].From) {
			t.Errorf("stint %d ends at %v", i, stint.To)
		}
	}
	if len(told.Stints) != len(versions) {
		t.Fatalf("got %d stints", len(told.Stints))
	}
	second := told.Stints[1]
	if second.Approved == nil || second.Approved.Actor.Name != "ada" || second.Trained.DatasetVersion != 2 || second.Trained.Image != "flight-delay:1.0.0" {
		t.Errorf("version 2: %+v", second)
	}
	if back := told.Stints[2]; back.By.Name != "bob" || back.Reason != "slow at night" || back.Trained.DatasetVersion != 1 {
		t.Errorf("the rollback: %+v", back)
	}
}

// It answers "what was in production on 3 May?".
func TestHistoryAtATime(t *testing.T) {
	in, _ := planted(t)
	day := func(day int) time.Time { return time.Date(2026, 5, day, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name     string
		from, to time.Time
		want     []int64
	}{
		{"before anything", day(1).AddDate(0, -1, 0), day(1), nil},
		{"the day of a change", day(3), day(4), []int64{1, 2}},
		{"the moment of a change", story.Promoted[1], story.Promoted[1].Add(1), []int64{2}},
		{"the moment before", story.Promoted[1].Add(-1), story.Promoted[1], []int64{1}},
		{"now", day(30), day(31), []int64{1}},
	} {
		var versions []int64
		for _, stint := range history(t, in).Between(c.from, c.to).Stints {
			versions = append(versions, stint.Version)
		}
		if !slices.Equal(versions, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, versions, c.want)
		}
	}
}

// The end of a model's life is the end of its champion's.
func TestHistoryEndsWithTheModel(t *testing.T) {
	in, _ := planted(t)
	state, err := in.Model(t.Context(), story.Model)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.AppendModel(t.Context(), state, mlops.Event{Type: mlops.ModelDeleted}); err != nil {
		t.Fatal(err)
	}
	if last := history(t, in).Stints[2]; last.To == nil {
		t.Error("it is told to be in production still")
	}
}

// A changed event breaks the story off there, and it says so; what stands before is still told.
func TestBrokenLogIsToldAsFarAsItGoes(t *testing.T) {
	in, store := planted(t)
	key := in.ModelLog(story.Model).Key(20)
	data, err := store.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	store.Put(key, append(data, ' '))
	told := history(t, in)
	if told.Broken == "" || len(told.Stints) == 0 || told.Stints[0].Version != 1 {
		t.Errorf("got %+v", told)
	}
}

// An approver sees what the candidate would replace, where, and which artifact the approval is about.
func TestCardOfACandidateThatWaits(t *testing.T) {
	in, _ := planted(t)
	found, err := lineage.FindRun(t.Context(), in, "", "latest", nil)
	if err != nil {
		t.Fatal(err)
	}
	card, err := lineage.ReadCard(t.Context(), in, found)
	if err != nil {
		t.Fatal(err)
	}
	asked := card.Decision
	if asked == nil || asked.Version != 3 || asked.Replaces != 1 || !slices.Equal(asked.Deployments, []string{story.Model}) || asked.Digest != card.Run.Output.ArtifactSHA256 {
		t.Errorf("asked %+v", asked)
	}
	if card.Data == nil || card.Data.Training.Rows != 1000 || card.Holdout == nil || len(card.Timeline) != 6 {
		t.Errorf("card %+v", card)
	}
}

// A version leads back to the rows, the code and the cause it came from, and on to where it went.
func TestGraph(t *testing.T) {
	in, _ := planted(t)
	graph, err := lineage.ReadGraph(t.Context(), in, story.Model, 2)
	if err != nil {
		t.Fatal(err)
	}
	if graph.Champion || graph.Data.Source != "data/2001-02.csv" || graph.Data.Rows != 1000 || graph.Against != 1 || len(graph.Stints) != 1 ||
		graph.Causes[0].Kind != mlops.CauseDrift || graph.Approved.Actor.Name != "ada" || len(graph.Deployments) != 0 {
		t.Errorf("version 2: %+v", graph)
	}
	champion, err := lineage.ReadGraph(t.Context(), in, story.Model, 0)
	if err != nil || champion.Version != 1 || !champion.Champion || len(champion.Stints) != 2 || len(champion.Deployments) != 1 || champion.Deployments[0].Serves {
		t.Errorf("the champion: %+v, %v", champion, err)
	}
	if _, err := lineage.ReadGraph(t.Context(), in, story.Model, 9); !errors.Is(err, mlops.ErrNotFound) || !strings.Contains(err.Error(), "versions 1 to 3") {
		t.Errorf("version 9: %v", err)
	}
}
