package stats_test

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
	Small []struct {
		Name, Method, Kind, Alternative string
		Reference, Current              []float64
		ReferenceWeights                []float64 `json:"reference_weights"`
		CurrentWeights                  []float64 `json:"current_weights"`
		P, Q                            []float64
		LogBase                         string             `json:"log_base"`
		ReferenceCounts                 map[string]float64 `json:"reference_counts"`
		CurrentCounts                   map[string]float64 `json:"current_counts"`
		Table                           [][]float64
		Expected                        vectors.Expected
	}
	Special []struct {
		Name, Method  string
		ReferenceText []string `json:"reference_text"`
		CurrentText   []string `json:"current_text"`
		Expected      vectors.Expected
	}
}

func loadVectors(t *testing.T) published {
	t.Helper()
	var all published
	vectors.Load(t, &all)
	return all
}
