package peer

import (
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/vectors"
)

// published are the vectors that this package reads.
type published struct {
	Numeric []struct {
		Name               string
		Reference, Current []float64
		Expected           map[string]vectors.Expected
	}
	Categorical []struct {
		Name            string
		ReferenceCounts map[string]int64 `json:"reference_counts"`
		CurrentCounts   map[string]int64 `json:"current_counts"`
		Expected        map[string]vectors.Expected
	}
	Small []struct {
		Name, Method, Kind string
		ReferenceCounts    map[string]int64 `json:"reference_counts"`
		CurrentCounts      map[string]int64 `json:"current_counts"`
		Expected           vectors.Expected
	}
}

func loadVectors(t *testing.T) published {
	t.Helper()
	var all published
	vectors.Load(t, &all)
	return all
}
