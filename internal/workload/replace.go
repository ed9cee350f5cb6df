package workload

import (
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// MayReplace says whether a writer that has read a revision may declare next over what lives, which is zero where nothing
// is declared: mlops.ErrConflict where it has seen too little, mlops.ErrInvalid where a job would change.
func MayReplace(live Live, next Manifest, revision string) error {
	switch {
	case live.Revision == "" && revision != "":
		return fmt.Errorf("%w: it was deleted", mlops.ErrConflict)
	case live.Revision != revision:
		return fmt.Errorf("%w: revision %q is live, %q was read", mlops.ErrConflict, live.Revision, revision)
	case next.LogSequence < live.Manifest.LogSequence || next.SpecSequence < live.Manifest.SpecSequence:
		return fmt.Errorf("%w: live is log %d, spec %d; this is log %d, spec %d", mlops.ErrConflict,
			live.Manifest.LogSequence, live.Manifest.SpecSequence, next.LogSequence, next.SpecSequence)
	case live.Revision != "" && next.Kind == KindJob && live.AppliedHash != "" && next.Hash() != live.AppliedHash:
		return fmt.Errorf("%w: a job runs once and never changes: delete it, or choose another name", mlops.ErrInvalid)
	}
	return nil
}
