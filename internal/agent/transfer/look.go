package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// Plan is what a copy would do. Only Run writes.
type Plan struct {
	Project string  `json:"project"`
	From    string  `json:"from"`
	To      string  `json:"to"`
	Groups  []Group `json:"groups"`

	from, to *project.Project
	identity string
	stages   [stageCount][]platform.Entry
	there    map[string]platform.Entry // at the target
	sealed   map[string]bool           // what stands in the source's store of seals alone
}

// source is where a document is read from.
func (p *Plan) source(key string) platform.Store {
	if p.sealed[key] {
		return p.from.Seals
	}
	return p.from.Store
}

// Group is what one step copies.
type Group struct {
	Name      string `json:"name"`
	Documents int    `json:"documents"`
	Bytes     int64  `json:"bytes"`
	// Missing is how many documents are not at the target yet.
	Missing int `json:"missing"`
}

// Look lists both places. It is mlops.ErrNotFound where there is no project to copy, and mlops.ErrExists where the target
// holds anything but a copy of this project. A target without a store is one that is not there yet, and cannot be run.
func Look(ctx context.Context, from, to *project.Project) (Plan, error) {
	plan := Plan{From: from.Place, To: to.Place, from: from, to: to, there: map[string]platform.Entry{}, sealed: map[string]bool{}}
	if mlops.SamePlace(plan.From, plan.To) {
		return plan, fmt.Errorf("%w: %s is both source and target", mlops.ErrInvalid, plan.From)
	}
	own, err := from.Own(ctx)
	if err != nil {
		return plan, err
	}
	plan.Project = own.Name
	if plan.identity, err = identity(ctx, from.Store); err != nil {
		return plan, err
	}
	// What names something is listed before what it names: of a project that goes on meanwhile, nothing is left out that
	// something copied needs.
	if err := plan.listSource(ctx); err != nil {
		return plan, err
	}
	if err := plan.lookAtTarget(ctx); err != nil {
		return plan, err
	}
	for at, documents := range plan.stages {
		group := Group{Name: stage(at).String(), Documents: len(documents)}
		for _, document := range documents {
			group.Bytes += document.Size
			if _, there := plan.there[document.Key]; !there {
				group.Missing++
			}
		}
		plan.Groups = append(plan.Groups, group)
	}
	return plan, nil
}

// listSource lists everything, audit heads that have a store of their own among it, and content a second time.
func (p *Plan) listSource(ctx context.Context) error {
	all, err := p.from.Store.List(ctx, "", "", 0)
	if err != nil {
		return fmt.Errorf("%s: %w", p.From, err)
	}
	seen := map[string]bool{}
	add := func(entries []platform.Entry) {
		for _, entry := range entries {
			if at, wanted := stageOf(entry.Key); wanted && !seen[entry.Key] {
				seen[entry.Key] = true
				p.stages[at] = append(p.stages[at], entry)
			}
		}
	}
	add(all)
	if p.from.Seals != nil {
		seals, err := p.from.Seals.List(ctx, mlops.SealPrefix, "", 0)
		if err != nil {
			return fmt.Errorf("%s: %w", p.From, err)
		}
		for _, seal := range seals {
			p.sealed[seal.Key] = !seen[seal.Key]
		}
		add(seals)
	}
	for _, root := range []string{"records/", "datasets/", "data/"} {
		later, err := p.from.Store.List(ctx, root, "", 0)
		if err != nil {
			return fmt.Errorf("%s: %w", p.From, err)
		}
		add(later)
	}
	return nil
}

func (p *Plan) lookAtTarget(ctx context.Context) error {
	if p.to.Store == nil {
		return nil
	}
	entries, err := p.to.Store.List(ctx, "", "", 0)
	if err != nil {
		return fmt.Errorf("%s: %w", p.To, err)
	}
	for _, entry := range entries {
		p.there[entry.Key] = entry
	}
	return p.checkTarget(ctx)
}

// marker claims a target for one project before anything else is written there.
type marker struct {
	Schema   string `json:"schema"`
	Writer   string `json:"writer"`
	Project  string `json:"project"`
	From     string `json:"from"`
	Identity string `json:"identity"`
}

const (
	markerKey    = "copy.json"
	markerSchema = "mlops/copy/v1"
)

// identity is the hash of the first document of a project's own spec, which is another one for each project that was ever
// begun, also of the same name; mlops.ErrNotFound where there is none.
func identity(ctx context.Context, in platform.Store) (string, error) {
	entries, err := in.List(ctx, "specs/"+string(mlops.KindProject)+"/", "", 1)
	if err != nil {
		return "", err
	}
	if len(entries) == 0 {
		return "", fmt.Errorf("project: %w", mlops.ErrNotFound)
	}
	data, err := in.Read(ctx, entries[0].Key)
	return eventlog.Hash(data), err
}

// checkTarget refuses a target that is neither empty nor of the same project.
func (p *Plan) checkTarget(ctx context.Context) error {
	if len(p.there) == 0 {
		return nil
	}
	data, err := p.to.Store.Read(ctx, markerKey)
	if err == nil {
		return p.checkMarker(data)
	}
	if !errors.Is(err, mlops.ErrNotFound) {
		return err
	}
	found, err := identity(ctx, p.to.Store)
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return err
	}
	if found != p.identity {
		return fmt.Errorf("%s %w: it holds another project, or something else (%d documents): choose an empty place", p.To, mlops.ErrExists, len(p.there))
	}
	return nil
}

func (p *Plan) checkMarker(data []byte) error {
	var found marker
	if err := json.Unmarshal(data, &found); err != nil {
		return fmt.Errorf("%s: %s: %w: %w", p.To, markerKey, mlops.ErrInvalid, err)
	}
	if found.Identity != p.identity {
		return fmt.Errorf("%s %w: it is a copy of project %q from %s, not of this one: choose an empty place", p.To, mlops.ErrExists, found.Project, found.From)
	}
	return nil
}

// claim writes the marker; of two who claim one target, one is refused.
func (p *Plan) claim(ctx context.Context) error {
	writer := p.to.NewWriter()
	data, err := json.MarshalIndent(marker{Schema: markerSchema, Writer: writer, Project: p.Project, From: p.From, Identity: p.identity}, "", "  ")
	if err != nil {
		return err
	}
	err = eventlog.CreateOnce(ctx, p.to.Store, markerKey, data, writer)
	if !errors.Is(err, mlops.ErrConflict) {
		return err
	}
	if data, err = p.to.Store.Read(ctx, markerKey); err != nil {
		return err
	}
	return p.checkMarker(data)
}
