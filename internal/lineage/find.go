// Package lineage reads a project's story from its logs: what a run did and why, who was in production when, and what a
// version came from. It only reads and decides nothing; how its answers look is for its callers.
package lineage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// Latest stands for the newest run.
const Latest = "latest"

const runPrefix = "run-"

// ModelNames are the declared models in order of name. A spec that cannot be read is left out.
func ModelNames(ctx context.Context, in *project.Project) ([]string, error) {
	declared, err := in.Specs(ctx, mlops.KindModel)
	if err != nil && !errors.Is(err, mlops.ErrInvalid) {
		return nil, err
	}
	var names []string
	for _, one := range declared {
		names = append(names, one.Document.Name)
	}
	return names, nil
}

// RequireModel is mlops.ErrNotFound, naming the models that there are, where a model was never declared and has no log.
func RequireModel(ctx context.Context, in *project.Project, model string) error {
	if err := mlops.ValidateName(model); err != nil {
		return err
	}
	_, err := in.SpecDocument(ctx, mlops.KindModel, model)
	if err == nil || !errors.Is(err, mlops.ErrNotFound) {
		return err
	}
	logged, err := in.Store.List(ctx, in.ModelLog(model).Prefix+"/", "", 1)
	if err != nil || len(logged) > 0 {
		return err
	}
	names, err := ModelNames(ctx, in)
	if err != nil {
		return err
	}
	return fmt.Errorf("model %q: %w: %s", model, mlops.ErrNotFound, there("model", names))
}

// there says what exists.
func there(noun string, names []string) string {
	if len(names) == 0 {
		return "there is no " + noun + " yet"
	}
	return "there is " + strings.Join(names, ", ")
}

// Found is a run and the model that it belongs to.
type Found struct {
	Model string    `json:"model"`
	Run   mlops.Run `json:"run"`
}

// Runs are the runs that the states of models remember: the open ones, and the last mlops.RunsKept that are over.
func Runs(ctx context.Context, in *project.Project, models []string) ([]Found, error) {
	return runsOf(ctx, in, models, rememberedRuns)
}

// FindRun finds the one run that a reference means: an id, a prefix of one that no other run shares (with or without
// "run-"), or "latest". model narrows the search, "" looks at all; wanted, if not nil, narrows what latest means.
// mlops.ErrNotFound where there is none, mlops.ErrInvalid where there are several.
func FindRun(ctx context.Context, in *project.Project, model, reference string, wanted func(mlops.Run) bool) (Found, error) {
	models := []string{model}
	if model == "" {
		var err error
		if models, err = ModelNames(ctx, in); err != nil {
			return Found{}, err
		}
	} else if err := RequireModel(ctx, in, model); err != nil {
		return Found{}, err
	}
	remembered, err := Runs(ctx, in, models)
	if err != nil {
		return Found{}, err
	}
	if reference == Latest {
		return latestRun(remembered, wanted)
	}
	found, err := match(remembered, reference)
	if !errors.Is(err, mlops.ErrNotFound) {
		return found, err
	}
	// A state forgets runs that have been over for long; the logs never do.
	all, err := runsOf(ctx, in, models, allRuns)
	if err != nil {
		return Found{}, err
	}
	return match(all, reference)
}

func runsOf(ctx context.Context, in *project.Project, models []string, read func(context.Context, *project.Project, string) ([]mlops.Run, error)) ([]Found, error) {
	found := []Found{}
	for _, model := range models {
		runs, err := read(ctx, in, model)
		if err != nil {
			return nil, err
		}
		for _, run := range runs {
			found = append(found, Found{Model: model, Run: run})
		}
	}
	return found, nil
}

func rememberedRuns(ctx context.Context, in *project.Project, model string) ([]mlops.Run, error) {
	state, err := in.Model(ctx, model)
	return state.Runs, err
}

// allRuns folds a whole log and keeps every run as it was last. A log that breaks off gives what stood before.
func allRuns(ctx context.Context, in *project.Project, model string) ([]mlops.Run, error) {
	story, err := readStory(ctx, in, model)
	if err != nil {
		return nil, err
	}
	runs := make([]mlops.Run, 0, len(story.runs))
	for _, run := range story.runs {
		runs = append(runs, run)
	}
	return runs, nil
}

func latestRun(found []Found, wanted func(mlops.Run) bool) (Found, error) {
	if wanted != nil {
		found = slices.DeleteFunc(found, func(f Found) bool { return !wanted(f.Run) })
	}
	if len(found) == 0 {
		return Found{}, fmt.Errorf("run %q: %w: there is no such run now; see mlops runs", Latest, mlops.ErrNotFound)
	}
	return slices.MaxFunc(found, func(a, b Found) int { return a.Run.Created.Compare(b.Run.Created) }), nil
}

func match(all []Found, reference string) (Found, error) {
	prefix := strings.ToLower(reference)
	if !strings.HasPrefix(prefix, runPrefix) {
		prefix = runPrefix + prefix
	}
	var found []Found
	for _, one := range all {
		if one.Run.ID == prefix {
			return one, nil
		}
		if strings.HasPrefix(one.Run.ID, prefix) && prefix != runPrefix {
			found = append(found, one)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Found{}, fmt.Errorf("run %q: %w: see mlops runs", reference, mlops.ErrNotFound)
	default:
		ids := make([]string, len(found))
		for i, one := range found {
			ids[i] = one.Run.ID
		}
		slices.Sort(ids)
		return Found{}, fmt.Errorf("%w: run %q may be %s: write more of it", mlops.ErrInvalid, reference, strings.Join(ids, ", "))
	}
}
