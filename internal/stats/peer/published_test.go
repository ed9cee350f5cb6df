package peer

import (
	"slices"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/vectors"
)

// What peers return for the published inputs comes out to nine digits.
func TestPublishedValues(t *testing.T) {
	all := loadVectors(t)
	checked := 0
	check := func(t *testing.T, id string, got result, want vectors.Expected) {
		checked++
		if got.hasValue {
			want.CheckValue(t, got.value)
		}
		vectors.CheckP(t, id+": p", got.pValue, want.PValue)
	}
	for _, c := range all.Numeric {
		reference := sample{c.Reference, slices.Sorted(slices.Values(c.Reference))}
		current := sample{c.Current, slices.Sorted(slices.Values(c.Current))}
		for _, m := range methods {
			if want, ok := c.Expected[m.id]; ok {
				t.Run(c.Name+"/"+m.id, func(t *testing.T) { check(t, m.id, m.numbers(reference, current), want) })
			}
		}
	}
	for _, c := range all.Categorical {
		for _, m := range methods {
			if want, ok := c.Expected[m.id]; ok {
				t.Run(c.Name+"/"+m.id, func(t *testing.T) { check(t, m.id, m.categories(c.ReferenceCounts, c.CurrentCounts), want) })
			}
		}
	}
	for _, c := range all.Small {
		for _, m := range methods {
			if m.id == c.Method && c.Kind == "counts" && m.categories != nil {
				t.Run(c.Name, func(t *testing.T) { check(t, m.id, m.categories(c.ReferenceCounts, c.CurrentCounts), c.Expected) })
			}
		}
	}
	if checked < 160 {
		t.Errorf("%d published values were checked, want at least 160", checked)
	}
}
