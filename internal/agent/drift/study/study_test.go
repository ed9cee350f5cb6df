package study

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// The ends of the interval are the rates at which so few hits or fewer, or so many or more, have a chance of 2.5 %.
func TestClopperPearson(t *testing.T) {
	for _, c := range []Count{{Hits: 0, Trials: 10}, {Hits: 3, Trials: 200}, {Hits: 2, Trials: 150}, {Hits: 20, Trials: 2000}, {Hits: 9, Trials: 10}} {
		if c.Hits < c.Trials {
			if chance := atMost(c.Hits, c.Trials, UpperLimit(c)); math.Abs(chance-0.025) > 1e-9 {
				t.Errorf("upper limit of %v: so few or fewer have a chance of %v, want 0.025", c, chance)
			}
		}
		if c.Hits > 0 {
			if chance := 1 - atMost(c.Hits-1, c.Trials, LowerLimit(c)); math.Abs(chance-0.025) > 1e-9 {
				t.Errorf("lower limit of %v: so many or more have a chance of %v, want 0.025", c, chance)
			}
		}
	}
	if got, want := UpperLimit(Count{Trials: 10}), 1-math.Pow(0.025, 0.1); math.Abs(got-want) > 1e-12 {
		t.Errorf("upper limit of 0 of 10: %v, want %v", got, want)
	}
	if lower, upper := LowerLimit(Count{}), UpperLimit(Count{}); lower != 0 || upper != 1 {
		t.Errorf("limits of no trials: %v to %v, want 0 to 1", lower, upper)
	}
	if upper := UpperLimit(Count{Hits: 10, Trials: 10}); upper != 1 {
		t.Errorf("upper limit of 10 of 10: %v, want 1", upper)
	}
}

// atMost is the chance of at most k hits in n trials.
func atMost(k, n int64, rate float64) (chance float64) {
	for i := range int(k) + 1 {
		chance += math.Exp(lchoose(int(n), i) + float64(i)*math.Log(rate) + float64(int(n)-i)*math.Log1p(-rate))
	}
	return chance
}

func lchoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// A window drawn in rising order follows the same law as one drawn row by row.
func TestSortedDraws(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const rows = 100000
	values := make([]float64, rows)
	sortedNormals(random, values)
	if !slices.IsSorted(values) {
		t.Error("the values do not rise")
	}
	for share, want := range map[float64]float64{0.025: -1.96, 0.5: 0, 0.975: 1.96} {
		if got := values[int(share*rows)]; math.Abs(got-want) > 0.04 {
			t.Errorf("quantile %v is %v, want about %v", share, got, want)
		}
	}
	for _, share := range []float64{1e-9, 0.0011, 0.3, 0.9985, 1 - 1e-9} {
		if got, want := probit(share), normalQuantile(share); math.Abs(got-want) > 1e-4 {
			t.Errorf("probit(%v) = %v, want %v", share, got, want)
		}
	}
}

// Every law has rows of its type, and an effect in sigma moves each of them upwards.
func TestLaws(t *testing.T) {
	for _, laws := range [][]Law{Listed(), Unlisted(), Hard()} {
		if len(laws) != 50 {
			t.Errorf("%d features, want 50", len(laws))
		}
		names := map[string]bool{}
		for _, law := range laws {
			names[law.Name] = true
			column := law.of(rand.New(rand.NewPCG(1, 1)), []float64{-3, 0, 3})
			if column.Rows() != 3 || (column.Numbers != nil) != (law.Type == mlops.TypeNumber) {
				t.Errorf("%s: %+v is not 3 cells of a %s", law.Name, column, law.Type)
			}
			if column.Numbers != nil && !slices.IsSorted(column.Numbers) {
				t.Errorf("%s: %v does not rise", law.Name, column.Numbers)
			}
		}
		if len(names) != 50 {
			t.Errorf("%d names, want 50", len(names))
		}
	}
}

// A small part of the study, with fixed seeds: it fails when the method is broken, not when a bound is missed by a little.
func TestQuick(t *testing.T) {
	plan := Plan{Seed: 7, Repetitions: 4, LargeRepetitions: 1, Workers: 2, Progress: io.Discard, Now: time.Now}
	for _, c := range []struct {
		experiment Experiment
		most       int64 // hits of all rows together
	}{
		{withoutDrift("looks", "no drift", Listed(), false, 100, 150, 200, 300, 400, 500, 10000), 3},
		{withoutDrift("unlisted", "no drift", Unlisted(), false, 100, 200, 300, 500), 3},
		{unchanged("hard-500", "no drift", Hard(), 500, drawAll, false, 100, 200, 1000, 5000), 3},
		{unchanged("correlated", "no drift", Listed(), 2000, hangingTogether(0.9), false, 300, 1000), 2},
		{daysOfTheirOwn(20, 1000), 2},
		{missed("power", referenceRows, changesToFind()), 4},
		{missed("power-hard", referenceRows, hardChanges()), 4},
	} {
		results, notes := plan.Run(context.Background(), c.experiment, 0, 0)
		var hits int64
		for _, result := range results {
			hits += result.Hits
			if result.Trials != 4 {
				t.Errorf("%s: %d trials, want 4", result.Name, result.Trials)
			}
		}
		if hits > c.most {
			t.Errorf("%s: %d hits, want at most %d:\n%s%s", c.experiment.Name, hits, c.most, Table(results), strings.Join(ByFrequency(notes), "\n"))
		}
	}
}

// The same seed gives the same counts, however many work on it and however often they were stopped.
func TestSeedsDecide(t *testing.T) {
	coin := Experiment{Name: "coin", Rows: []Row{{Name: "heads", Bound: 0.6}}, Trial: func(random *rand.Rand) ([]Count, []string) {
		return []Count{once(random.Float64() < 0.5)}, nil
	}}
	var hits []int64
	for _, workers := range []int{1, 4} {
		plan := Plan{Seed: 3, Repetitions: 1000, Workers: workers, Progress: io.Discard, Now: time.Now}
		results, _ := plan.Run(context.Background(), coin, 0, 0)
		hits = append(hits, results[0].Hits)
	}
	stopped, kept := Plan{Seed: 3, Repetitions: 1000, Workers: 3, Progress: io.Discard, Now: time.Now}, []Result(nil)
	for runs := 0; kept == nil || kept[0].Repetitions < 1000; runs++ {
		first := 0
		if kept != nil {
			first = kept[0].Repetitions
		}
		more, _ := stopped.Run(context.Background(), coin, first, time.Nanosecond)
		kept = Together(kept, more)
		if runs > 1000 {
			t.Fatalf("%d runs made %d repetitions", runs, kept[0].Repetitions)
		}
	}
	if kept[0].Trials != 1000 {
		t.Errorf("%d trials in stopped runs, want 1000", kept[0].Trials)
	}
	hits = append(hits, kept[0].Hits)
	if hits[0] != hits[1] || hits[0] != hits[2] || hits[0] < 400 || hits[0] > 600 {
		t.Errorf("hits %v, want the same number near 500 thrice", hits)
	}
}

// Drift that lasts a day opens one episode, a single look none.
func TestEpisodes(t *testing.T) {
	drifted := func(from, to int) map[int]mlops.DriftReport {
		judged := map[int]mlops.DriftReport{}
		for number := from; number < to; number++ {
			judged[number] = mlops.DriftReport{Verdict: mlops.VerdictCovariate}
		}
		return judged
	}
	for looks, want := range map[int]int{1: 0, looksPerDay / 2: 0, looksPerDay: 1} {
		if got := len(episodesOf(4*looksPerDay, drifted(100, 100+looks))); got != want {
			t.Errorf("%d looks in a row that drifted open %d episodes, want %d", looks, got, want)
		}
	}
}

// The page in docs is what the kept results make of it.
func TestPageIsOfItsResults(t *testing.T) {
	const top = "../../../.."
	results, err := Kept(top)
	if err != nil || len(results) == 0 {
		t.Fatalf("%d results, error %v", len(results), err)
	}
	for _, file := range []string{templateFile, docsFile} {
		page, err := os.ReadFile(top + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if string(page) != Page(results) {
			t.Errorf("%s is not what %s says: run driftstudy, or undo the change by hand", file, resultsFile)
		}
	}
}

// TestDaysOfOneDateAreNotIndependent gives dates on which all trials agree, or which have nothing to do with each other.
func TestDaysOfOneDateAreNotIndependent(t *testing.T) {
	const dates, each = 150, 40
	random := rand.New(rand.NewPCG(1, 2))
	agree, apart, never := map[int64]Count{}, map[int64]Count{}, map[int64]Count{}
	for date := range int64(dates) {
		hit := date%10 == 0
		for range each {
			agree[date] = agree[date].plus(once(hit))
			apart[date] = apart[date].plus(once(random.Float64() < 0.1))
			never[date] = never[date].plus(once(false))
		}
	}
	for name, c := range map[string]struct {
		count       Count
		least, most float64
	}{
		"as one on each date": {byDate(agree), 0.9 * dates, dates},
		"each by itself":      {byDate(apart), 0.6 * dates * each, dates * each},
		"never":               {byDate(never), dates, dates},
	} {
		if got := c.count.Effective; got < c.least || got > c.most {
			t.Errorf("%s: as %.1f independent trials, want %g to %g", name, got, c.least, c.most)
		}
		if c.count.Trials != dates*each {
			t.Errorf("%s: %d trials, want %d", name, c.count.Trials, dates*each)
		}
	}
	if few, many := UpperLimit(byDate(agree)), UpperLimit(Count{Hits: 15 * each, Trials: dates * each}); few < 1.2*many {
		t.Errorf("the limit of dates is %.4f, of independent trials %.4f: it must be wider", few, many)
	}
}
