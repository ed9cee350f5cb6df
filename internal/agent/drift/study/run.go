package study

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Plan says how much is run.
type Plan struct {
	Seed uint64
	// Repetitions of an experiment, and of one with windows of a million rows.
	Repetitions, LargeRepetitions int
	Workers                       int
	// Progress is written to, a line every few seconds; it may be io.Discard.
	Progress io.Writer
	Now      func() time.Time
}

// Result is a row as measured.
type Result struct {
	Experiment string  `json:"experiment"`
	Name       string  `json:"name"`
	Counted    string  `json:"counted"`
	Bound      float64 `json:"bound,omitempty"`
	Hits       int64   `json:"hits"`
	Trials     int64   `json:"trials"`
	Seed       uint64  `json:"seed"`
	// Effective is as how many independent trials these count, where they hang together by date; 0 where they do not.
	Effective float64 `json:"effective_trials,omitempty"`
	// Repetitions that were run, from the first on; others with the same seed can be added.
	Repetitions int `json:"repetitions"`
	// Command measures the row again.
	Command string `json:"command"`
}

// Rate is the measured share of hits.
func (r Result) Rate() float64 { return float64(r.Hits) / float64(max(r.Trials, 1)) }

// Upper is the upper 95 % limit of the rate.
func (r Result) Upper() float64 { return UpperLimit(Count{r.Hits, r.Trials, r.Effective}) }

// Holds says whether the bound is proved; a row without a bound has nothing to hold.
func (r Result) Holds() bool { return r.Bound == 0 || r.Upper() < r.Bound }

// Broken says whether the bound is seen not to hold; between the two there are too few trials to say.
func (r Result) Broken() bool { return r.Bound > 0 && r.Rate() > r.Bound }

// Total is how many repetitions of an experiment a plan wants.
func (p Plan) Total(experiment Experiment) int {
	if experiment.Once {
		return 1
	}
	count := p.Repetitions
	if experiment.Large {
		count = p.LargeRepetitions
	}
	return max(1, count)
}

// command measures so many repetitions of an experiment again.
func (p Plan) command(experiment Experiment, done int) string {
	command := fmt.Sprintf("go run ./internal/cmd/driftstudy -anew -only '^%s$' -seed %d", experiment.Name, p.Seed)
	switch {
	case experiment.Once:
		return command
	case experiment.Large:
		return command + fmt.Sprintf(" -large-repetitions %d", done)
	default:
		return command + fmt.Sprintf(" -repetitions %d", done)
	}
}

// random is the randomness of one repetition: the same whoever runs it and whatever else is run.
func (p Plan) random(experiment Experiment, repetition int) *rand.Rand {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(experiment.Name)) // a hash takes everything
	return rand.New(rand.NewPCG(p.Seed, hash.Sum64()+uint64(repetition)))
}

// Run measures the repetitions of one experiment from first on, up to the plan's total, until the time is over or the context
// ends: all that were begun are finished, so that the next run goes on after them. Notes count how often each kind of hit
// was seen. Results of earlier repetitions are added by Together.
func (p Plan) Run(ctx context.Context, experiment Experiment, first int, until time.Duration) (results []Result, notes map[string]int) {
	total := p.Total(experiment)
	run := tally{plan: p, experiment: experiment, total: total, first: first, sums: make([]Count, len(experiment.Rows)), said: map[string]int{}}
	run.started, run.told = p.Now(), p.Now()
	repetitions := make(chan int)
	var workers sync.WaitGroup
	for range max(1, min(p.Workers, total-first)) {
		workers.Go(func() {
			for repetition := range repetitions {
				run.take(experiment.Trial(p.random(experiment, repetition)))
			}
		})
	}
	for repetition := first; repetition < total && ctx.Err() == nil; repetition++ {
		if until > 0 && repetition > first && p.Now().Sub(run.started) > until {
			break
		}
		repetitions <- repetition
	}
	close(repetitions)
	workers.Wait()
	for i, row := range experiment.Rows {
		results = append(results, Result{
			Experiment: experiment.Name, Name: row.Name, Counted: row.Counted, Bound: row.Bound,
			Hits: run.sums[i].Hits, Trials: run.sums[i].Trials, Effective: run.sums[i].Effective, Seed: p.Seed, Repetitions: run.done,
			Command: p.command(experiment, first+run.done),
		})
	}
	return results, run.said
}

// Together adds results of later repetitions to those of earlier ones of the same experiment and seed.
func Together(earlier, later []Result) []Result {
	both := slices.Clone(later)
	for i := range both {
		at := slices.IndexFunc(earlier, func(r Result) bool { return r.Name == both[i].Name && r.Seed == both[i].Seed })
		if at >= 0 {
			both[i].Hits += earlier[at].Hits
			both[i].Trials += earlier[at].Trials
			both[i].Repetitions += earlier[at].Repetitions
		}
	}
	return both
}

// tally is an experiment being run.
type tally struct {
	plan          Plan
	experiment    Experiment
	first, total  int
	mutex         sync.Mutex
	sums          []Count
	said          map[string]int
	started, told time.Time
	done          int
}

// take adds one repetition.
func (t *tally) take(counts []Count, lines []string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for i, count := range counts {
		effective := count.Effective // of an experiment that has one repetition
		t.sums[i] = t.sums[i].plus(count)
		t.sums[i].Effective = effective
	}
	for _, line := range lines {
		t.said[line]++
	}
	t.done++
	if now := t.plan.Now(); now.Sub(t.told) >= 5*time.Second {
		t.told = now
		left := time.Duration(float64(now.Sub(t.started)) / float64(t.done) * float64(t.total-t.first-t.done))
		fmt.Fprintf(t.plan.Progress, "%s: %d of %d, %s to go\n", t.experiment.Name, t.first+t.done, t.total, left.Round(time.Second))
	}
}

// ByFrequency lists notes, the most frequent first.
func ByFrequency(said map[string]int) []string {
	lines := make([]string, 0, len(said))
	for line := range said {
		lines = append(lines, line)
	}
	slices.SortFunc(lines, func(a, b string) int { return cmp.Or(cmp.Compare(said[b], said[a]), cmp.Compare(a, b)) })
	for i, line := range lines {
		lines[i] = fmt.Sprintf("%d x %s", said[line], line)
	}
	return lines
}
