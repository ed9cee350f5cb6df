package drift

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift/hours"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// served is a version, and what it learned from.
type served struct {
	version  mlops.ModelVersion
	manifest mlops.DatasetManifest
	profile  stats.Profile
	answers  *stats.ColumnProfile // to its holdout, when it was registered
	frames   hours.Frames
}

// servedKey names a version of a life of a model, in a schema of its data: what it learned from never changes.
type servedKey struct {
	incarnation, schema string
	version             int64
}

// served reads what a version learned from, once.
func (l *Looker) served(ctx context.Context, state mlops.State, read traffic, number int64) (served, error) {
	schema, err := json.Marshal(read.dataset.Columns)
	if err != nil {
		return served{}, err
	}
	key := servedKey{state.Incarnation, string(schema), number}
	if known, ok := l.versions[key]; ok {
		return known, nil
	}
	version, known := state.Version(number)
	if !known {
		return served{}, fmt.Errorf("%w: the window that ends at %s was served by version %d of model %q, which its log does not know",
			mlops.ErrNotFound, read.end.Format(time.RFC3339), number, read.deployment.Model)
	}
	l.progress(fmt.Sprintf("reading the reference of version %d", number))
	of := served{version: version}
	if of.manifest, err = dataset.Read(ctx, l.Project.Store, version.Inputs.Dataset, version.Inputs.DatasetVersion); err != nil {
		return of, err
	}
	if of.profile, err = dataset.Profile(ctx, l.Project.Store, of.manifest); err != nil {
		return of, err
	}
	if of.answers, err = l.predictionReference(ctx, state.Model, version, read.dataset.ColumnOf(mlops.RoleTimestamp)); err != nil {
		return of, err
	}
	of.frames = hours.NewFrames(read.dataset, of.profile, of.answers)
	if l.versions == nil {
		l.versions = map[servedKey]served{}
	}
	l.versions[key] = of
	return of, nil
}
