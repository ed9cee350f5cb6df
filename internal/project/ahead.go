package project

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Ahead is a project as a plan will make it, for looking up and not for writing: a spec that is planned stands before the one
// that lives, and one of which a part is not known yet (nil) is not there. live is nil where there is no project yet.
func Ahead(live *Project, planned func(kind mlops.Kind, name string) (spec mlops.Spec, planned bool)) *Project {
	ahead := Project{Platform: platform.Platform{Store: nothing{}}}
	if live != nil {
		ahead = *live
	}
	ahead.planned = planned
	return &ahead
}

// plannedDocument is the document that a planned spec will have; planned is false where the live one stays.
func (p *Project) plannedDocument(kind mlops.Kind, name string) (document mlops.SpecDocument, planned bool, err error) {
	if p.planned == nil {
		return document, false, nil
	}
	spec, planned := p.planned(kind, name)
	if !planned {
		return document, false, nil
	}
	if spec == nil {
		return document, true, fmt.Errorf("%s %q: %w: it is not known before apply", kind.Noun(), name, mlops.ErrNotFound)
	}
	content, err := json.Marshal(spec)
	return mlops.SpecDocument{Kind: kind, Name: name, Content: content}, true, err
}

// nothing is the store of a project that is not there yet.
type nothing struct{}

func (nothing) Read(context.Context, string) ([]byte, error) { return nil, mlops.ErrNotFound }

func (nothing) Create(context.Context, string, []byte) error { return mlops.ErrNotFound }

func (nothing) List(context.Context, string, string, int) ([]platform.Entry, error) { return nil, nil }

func (nothing) Delete(context.Context, string) error { return nil }

func (nothing) Open(context.Context, string) (io.ReadCloser, error) { return nil, mlops.ErrNotFound }

func (nothing) CreateFrom(context.Context, string, io.Reader) error { return mlops.ErrNotFound }
