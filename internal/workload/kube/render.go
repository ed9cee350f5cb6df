package kube

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Rendered is what a workload becomes: the object that stands for it, which is written last and holds what was declared,
// and those beside it.
type Rendered struct {
	Primary   Object
	Secondary []Object
}

// Objects are all of them, in the order in which they are applied.
func (r Rendered) Objects() []Object {
	return append(slices.Clip(r.Secondary), r.Primary)
}

// Render says what a workload is in the cluster. What cannot be is mlops.ErrInvalid.
func Render(manifest workload.Manifest, placement Placement) (Rendered, error) {
	rendered, err := render(manifest, placement)
	if err != nil {
		return Rendered{}, fmt.Errorf("workload %s/%s: %w", manifest.Kind, manifest.Name, err)
	}
	return rendered, nil
}

func render(manifest workload.Manifest, placement Placement) (Rendered, error) {
	if err := manifest.Check(); err != nil {
		return Rendered{}, err
	}
	if placement.Namespace == "" || placement.Project == "" {
		return Rendered{}, fmt.Errorf("%w: a placement needs a project and a namespace", mlops.ErrInvalid)
	}
	declared, err := declaration(manifest)
	if err != nil {
		return Rendered{}, err
	}
	switch manifest.Kind {
	case workload.KindService:
		return renderService(manifest, placement, declared)
	case workload.KindJob:
		return renderJob(manifest, placement, declared)
	default:
		return renderSchedule(manifest, placement, declared)
	}
}

// declaration is what the annotations of a primary object say.
func declaration(manifest workload.Manifest) (map[string]string, error) {
	content, err := json.Marshal(manifest)
	if err != nil {
		return nil, err
	}
	annotations := beside(manifest)
	annotations[annotationManifest], annotations[annotationApplied] = string(content), manifest.Hash()
	return annotations, nil
}

// beside is what the annotations of the other objects say: enough to know whose they are and who has seen more.
func beside(manifest workload.Manifest) map[string]string {
	return map[string]string{
		annotationWorkload: manifest.Name,
		annotationIdentity: manifest.Incarnation,
		annotationLog:      strconv.FormatInt(manifest.LogSequence, 10),
		annotationSpec:     strconv.FormatInt(manifest.SpecSequence, 10),
	}
}
