package stats_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

func textInput(text []string) stats.Input {
	return stats.Input{Name: "c", Type: mlops.TypeCategory, Text: text}
}

func countsOf(text []string) map[string]int64 {
	counts, _ := textInput(text).CountText()
	return counts
}

// evenly draws rows of levels that are all alike.
func evenly(random *rand.Rand, rows, levels int) []string {
	text := make([]string, rows)
	for i := range text {
		text[i] = fmt.Sprint("level ", random.IntN(levels))
	}
	return text
}

// Levels that a reference holds often by chance, rarely or not at all are no change, however large the window.
func TestChanceAmongRareLevelsIsNoChange(t *testing.T) {
	random := rand.New(rand.NewPCG(41, 42))
	for _, c := range []struct{ levels, reference, window int }{
		{5000, 20000, 1000}, {5000, 20000, 200000}, {20000, 20000, 100000}, {100000, 40000, 40000},
	} {
		least := 1.0
		for range 10 {
			profile := stats.NewColumnProfile(textInput(evenly(random, c.reference, c.levels)))
			bins := stats.LevelBins(profile, countsOf(evenly(random, c.window, c.levels)), 0)
			least = min(least, stats.SparseHomogeneity(bins.Reference, bins.Current), bins.LevelPValue)
		}
		if least < 1e-3 {
			t.Errorf("%+v: the least p-value of 10 windows without a change is %v", c, least)
		}
	}
}

// Whatever the levels, each row of each side is in one bin.
func TestLevelBinsLoseNoRow(t *testing.T) {
	side := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}), 1, 300)
	rapid.Check(t, func(t *rapid.T) {
		before, now := side.Draw(t, "reference"), side.Draw(t, "current")
		bins := stats.LevelBins(stats.NewColumnProfile(textInput(before)), countsOf(now), 4)
		reference, current := bins.All()
		if total(reference) != int64(len(before)) || total(current) != int64(len(now))+4 {
			t.Errorf("%d and %d rows in bins, want %d and %d", total(reference), total(current), len(before), len(now)+4)
		}
		if bins.LevelPValue < 0 || bins.LevelPValue > 1 {
			t.Errorf("p %v, want between 0 and 1", bins.LevelPValue)
		}
	})
}

// A reference with more levels than it names: its unnamed rows are no change, a new level that fills the window is one.
func TestUnnamedLevels(t *testing.T) {
	random := rand.New(rand.NewPCG(43, 44))
	profile := stats.NewColumnProfile(textInput(evenly(random, 60000, 200000)))
	if profile.Category.Other == 0 {
		t.Fatal("the reference names all of its levels")
	}
	window := evenly(random, 2000, 200000)
	if bins := stats.LevelBins(profile, countsOf(window), 0); bins.LevelPValue < 0.01 || stats.SparseHomogeneity(bins.Reference, bins.Current) < 0.01 {
		t.Errorf("no change: %+v", bins)
	}
	for i := range 40 {
		window[i] = "never seen"
	}
	if bins := stats.LevelBins(profile, countsOf(window), 0); bins.LevelPValue > 1e-6 {
		t.Errorf("a new level at 2 %%: p %v, want one far below 0.01", bins.LevelPValue)
	}
}

// Thin bins have exact tests: of 1.4 rows that are expected, 7 have a chance of about 0.001, where a chi-square would say 1e-6.
func TestSparseHomogeneity(t *testing.T) {
	if p := stats.SparseHomogeneity([]int64{19906, 94}, []int64{293, 7}); p < 5e-4 || p > 2e-2 {
		t.Errorf("7 rows where 1.4 are expected: p %v, want about 0.002", p)
	}
	if p := stats.SparseHomogeneity([]int64{500, 500, 0}, []int64{40, 40, 20}); p > 1e-12 {
		t.Errorf("20 of 100 rows in a bin that is empty in the reference: p %v, want nearly 0", p)
	}
	for _, side := range [][]int64{{0, 0}, {5, 0}} {
		if p := stats.SparseHomogeneity(side, []int64{0, 0}); p != 1 {
			t.Errorf("nothing to compare with %v: p %v, want 1", side, p)
		}
	}
	if p := stats.SparseHomogeneity([]int64{100, 200, 300}, []int64{100, 200, 300}); p != 1 {
		t.Errorf("equal sides: p %v, want 1", p)
	}
}
