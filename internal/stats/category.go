package stats

import (
	"cmp"
	"slices"
)

// newCategoryProfile freezes counts by value.
func newCategoryProfile(counts map[string]int64) *CategoryProfile {
	profile := &CategoryProfile{Counts: counts}
	for _, count := range counts {
		switch count {
		case 1:
			profile.Singletons++
		case 2:
			profile.Doubletons++
		}
	}
	if len(counts) <= MaximumCategories {
		return profile
	}
	levels := Levels(counts)
	profile.Counts = make(map[string]int64, MaximumCategories)
	for i, level := range levels {
		if i < MaximumCategories {
			profile.Counts[level] = counts[level]
		} else {
			profile.Other += counts[level]
		}
	}
	return profile
}

// Levels are the values of a table of counts, the most frequent first, equal ones by name.
func Levels(counts map[string]int64) []string {
	levels := make([]string, 0, len(counts))
	for level := range counts {
		levels = append(levels, level)
	}
	slices.SortFunc(levels, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return levels
}
