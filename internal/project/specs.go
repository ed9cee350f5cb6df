package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// SpecDocument returns the newest document of a spec, deleted ones included; mlops.ErrNotFound where there never was one.
func (p *Project) SpecDocument(ctx context.Context, kind mlops.Kind, name string) (mlops.SpecDocument, error) {
	if err := mlops.ValidateName(name); err != nil {
		return mlops.SpecDocument{}, err
	}
	if document, planned, err := p.plannedDocument(kind, name); planned || err != nil {
		return document, err
	}
	key, err := p.newestKey(ctx, kind, name)
	if err != nil {
		return mlops.SpecDocument{}, err
	}
	if key == "" {
		return mlops.SpecDocument{}, fmt.Errorf("%s %q: %w", kind.Noun(), name, mlops.ErrNotFound)
	}
	return p.readSpec(ctx, key)
}

// newestKey is where the newest document of a spec stands, "" where there never was one.
func (p *Project) newestKey(ctx context.Context, kind mlops.Kind, name string) (string, error) {
	entries, err := p.Store.List(ctx, fmt.Sprintf("specs/%s/%s/", kind, name), "", 0)
	if newest := NewestSpecs(entries); err == nil && len(newest) > 0 {
		return newest[0].Key, nil
	}
	return "", err
}

func (p *Project) readSpec(ctx context.Context, key string) (mlops.SpecDocument, error) {
	data, err := p.Store.Read(ctx, key)
	if err != nil {
		return mlops.SpecDocument{}, err
	}
	return DecodeSpec(key, data)
}

// Spec reads a live spec into spec (a pointer to a domain type) and returns its document; mlops.ErrNotFound where it was
// never declared or is deleted.
func (p *Project) Spec(ctx context.Context, kind mlops.Kind, name string, spec any) (mlops.SpecDocument, error) {
	document, err := p.SpecDocument(ctx, kind, name)
	if err != nil {
		return document, err
	}
	if document.Deleted {
		return document, fmt.Errorf("%s %q: %w: it was deleted", kind.Noun(), name, mlops.ErrNotFound)
	}
	if err := json.Unmarshal(document.Content, spec); err != nil {
		return document, fmt.Errorf("%s %q: %w: %w", kind.Noun(), name, mlops.ErrInvalid, err)
	}
	if named, ok := spec.(mlops.Spec); ok && named.SpecName() != name {
		return document, fmt.Errorf("%s %q: %w: its content is of %q", kind.Noun(), name, mlops.ErrInvalid, named.SpecName())
	}
	return document, nil
}

// Declared is a live spec and its document.
type Declared struct {
	Document mlops.SpecDocument
	Spec     mlops.Spec
}

// Specs returns every live spec of a kind in order of name, by one listing and one read for each name. A document that
// cannot be read is left out of the list and joined into the error, which then does not make the others useless.
func (p *Project) Specs(ctx context.Context, kind mlops.Kind) ([]Declared, error) {
	entries, err := p.Store.List(ctx, fmt.Sprintf("specs/%s/", kind), "", 0)
	if err != nil {
		return nil, err
	}
	var declared []Declared
	var faults []error
	for _, entry := range NewestSpecs(entries) {
		document, err := p.readSpec(ctx, entry.Key)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if document.Deleted {
			continue
		}
		spec, err := document.Decode()
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", entry.Key, err))
			continue
		}
		declared = append(declared, Declared{Document: document, Spec: spec})
	}
	return declared, errors.Join(faults...)
}

// CreateSpec declares a new spec. Over a live one with the same content it returns that document and adopted = true; with
// other content mlops.ErrExists. Over a deleted one it starts a new incarnation.
func (p *Project) CreateSpec(ctx context.Context, spec mlops.Spec) (document mlops.SpecDocument, adopted bool, err error) {
	content, err := json.Marshal(spec)
	if err != nil {
		return mlops.SpecDocument{}, false, fmt.Errorf("%s %q: %w", spec.SpecKind().Noun(), spec.SpecName(), err)
	}
	live, err := p.SpecDocument(ctx, spec.SpecKind(), spec.SpecName())
	switch {
	case errors.Is(err, mlops.ErrNotFound):
	case err != nil:
		return mlops.SpecDocument{}, false, err
	case !live.Deleted && mlops.ContentHash(live.Content) == mlops.ContentHash(content):
		return live, true, nil
	case !live.Deleted:
		return live, false, fmt.Errorf("%s %q: %w", spec.SpecKind().Noun(), spec.SpecName(), mlops.ErrExists)
	}
	document, err = p.writeSpec(ctx, mlops.SpecDocument{
		Kind: spec.SpecKind(), Name: spec.SpecName(), Sequence: live.Sequence + 1, Incarnation: p.NewWriter(), Content: content,
	})
	if errors.Is(err, mlops.ErrConflict) { // somebody created it in between: look again
		return p.CreateSpec(ctx, spec)
	}
	return document, false, err
}

// UpdateSpec declares the next number of a live spec. Equal content, if intact, writes nothing.
func (p *Project) UpdateSpec(ctx context.Context, spec mlops.Spec) (mlops.SpecDocument, error) {
	content, err := json.Marshal(spec)
	if err != nil {
		return mlops.SpecDocument{}, fmt.Errorf("%s %q: %w", spec.SpecKind().Noun(), spec.SpecName(), err)
	}
	live, err := p.SpecDocument(ctx, spec.SpecKind(), spec.SpecName())
	if err != nil {
		return mlops.SpecDocument{}, err
	}
	if live.Deleted {
		return live, fmt.Errorf("%s %q: %w: it was deleted", spec.SpecKind().Noun(), spec.SpecName(), mlops.ErrNotFound)
	}
	if live.Intact() && mlops.ContentHash(live.Content) == mlops.ContentHash(content) {
		return live, nil
	}
	return p.writeSpec(ctx, mlops.SpecDocument{
		Kind: live.Kind, Name: live.Name, Sequence: live.Sequence + 1, Incarnation: live.Incarnation, Content: content,
	})
}

// DeleteSpec marks a spec as deleted; what is not live is no error. A non-empty incarnation that is not the live one is
// left alone: an old instance never removes a new one's.
func (p *Project) DeleteSpec(ctx context.Context, kind mlops.Kind, name, incarnation string) error {
	live, err := p.SpecDocument(ctx, kind, name)
	if errors.Is(err, mlops.ErrNotFound) || err == nil && live.Deleted {
		return nil
	}
	if errors.Is(err, mlops.ErrInvalid) && incarnation != "" { // spoilt by hand: the caller knows which life it means
		live.Incarnation = incarnation
		live.Sequence, err = p.newestNumber(ctx, kind, name)
	}
	if err != nil {
		return err
	}
	if incarnation != "" && incarnation != live.Incarnation {
		return nil
	}
	_, err = p.writeSpec(ctx, mlops.SpecDocument{
		Kind: kind, Name: name, Sequence: live.Sequence + 1, Incarnation: live.Incarnation, Deleted: true,
	})
	return err
}

// RepairSpec declares the next number over a newest document that cannot be read, which somebody has spoilt by hand. The
// caller says which life of the name it means; "" begins a new one.
func (p *Project) RepairSpec(ctx context.Context, spec mlops.Spec, incarnation string) (mlops.SpecDocument, error) {
	content, err := json.Marshal(spec)
	if err != nil {
		return mlops.SpecDocument{}, fmt.Errorf("%s %q: %w", spec.SpecKind().Noun(), spec.SpecName(), err)
	}
	if incarnation == "" {
		incarnation = p.NewWriter()
	}
	newest, err := p.newestNumber(ctx, spec.SpecKind(), spec.SpecName())
	if err != nil {
		return mlops.SpecDocument{}, err
	}
	return p.writeSpec(ctx, mlops.SpecDocument{
		Kind: spec.SpecKind(), Name: spec.SpecName(), Sequence: newest + 1, Incarnation: incarnation, Content: content,
	})
}

// newestNumber is the number of the newest document of a spec, whether it can be read or not.
func (p *Project) newestNumber(ctx context.Context, kind mlops.Kind, name string) (int64, error) {
	key, err := p.newestKey(ctx, kind, name)
	if err != nil {
		return 0, err
	}
	if key == "" {
		return 0, fmt.Errorf("%s %q: %w", kind.Noun(), name, mlops.ErrNotFound)
	}
	return strconv.ParseInt(strings.TrimSuffix(path.Base(key), ".json"), 10, 64)
}

func (p *Project) writeSpec(ctx context.Context, document mlops.SpecDocument) (mlops.SpecDocument, error) {
	document.Schema, document.Writer, document.Time, document.AgentVersion = mlops.SpecSchema, p.NewWriter(), p.Now(), p.AgentVersion
	if !document.Deleted {
		document.ContentSHA256 = mlops.ContentHash(document.Content)
	}
	data, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return mlops.SpecDocument{}, fmt.Errorf("%s %q: %w", document.Kind, document.Name, err)
	}
	key := SpecKey(document.Kind, document.Name, document.Sequence)
	if err := eventlog.CreateOnce(ctx, p.Store, key, data, document.Writer); err != nil {
		return mlops.SpecDocument{}, fmt.Errorf("%s %q: %w", strings.ReplaceAll(string(document.Kind), "_", " "), document.Name, err)
	}
	return document, nil
}
