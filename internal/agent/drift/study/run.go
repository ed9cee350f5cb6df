package study

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math"
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
	// Limit ends an experiment early, with the repetitions that were done until then; 0 is no limit.
	Limit time.Duration
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
	// Command measures the row again.
	Command string `json:"command"`
}

// Rate is the measured share of hits.
func (r Result) Rate() float64 { return float64(r.Hits) / float64(max(r.Trials, 1)) }

// Upper is the upper 95 % limit of the rate.
func (r Result) Upper() float64 { return UpperLimit(Count{r.Hits, r.Trials}) }

// Holds says whether the bound is proved; a row without a bound has nothing to hold.
func (r Result) Holds() bool { return r.Bound == 0 || r.Upper() < r.Bound }

// Broken says whether the bound is seen not to hold; between the two there are too few trials to say.
func (r Result) Broken() bool { return r.Bound > 0 && r.Rate() > r.Bound }

// repetitions of an experiment under a plan.
func (p Plan) repetitions(experiment Experiment) int {
	if experiment.Once {
		return 1
	}
	count := p.Repetitions
	if experiment.Large {
		count = p.LargeRepetitions
	}
	return max(1, int(float64(count)*cmp.Or(experiment.Share, 1)))
}

// command measures so many repetitions of an experiment again.
func (p Plan) command(experiment Experiment, done int) string {
	command := fmt.Sprintf("go run ./internal/cmd/driftstudy -only '^%s$' -seed %d", experiment.Name, p.Seed)
	switch {
	case experiment.Once:
		return command
	case experiment.Large:
		return command + fmt.Sprintf(" -large-repetitions %d", done)
	default:
		return command + fmt.Sprintf(" -repetitions %d", int(math.Ceil(float64(done)/cmp.Or(experiment.Share, 1))))
	}
}

// random is the randomness of one repetition: the same whoever runs it and whatever else is run.
func (p Plan) random(experiment Experiment, repetition int) *rand.Rand {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(experiment.Name)) // a hash takes everything
	return rand.New(rand.NewPCG(p.Seed, hash.Sum64()+uint64(repetition)))
}

// Run measures one experiment. Notes tell how often each kind of hit was seen, the most frequent first.
func (p Plan) Run(ctx context.Context, experiment Experiment) (results []Result, notes []string, err error) {
	total := p.repetitions(experiment)
	sums := make([]Count, len(experiment.Rows))
	said := map[string]int{}
	started, told, done := p.Now(), p.Now(), 0
	var mutex sync.Mutex
	take := func(counts []Count, lines []string) {
		mutex.Lock()
		defer mutex.Unlock()
		for i, count := range counts {
			sums[i].Hits += count.Hits
			sums[i].Trials += count.Trials
		}
		for _, line := range lines {
			said[line]++
		}
		done++
		if now := p.Now(); now.Sub(told) >= 5*time.Second {
			told = now
			left := time.Duration(float64(now.Sub(started)) / float64(done) * float64(total-done))
			fmt.Fprintf(p.Progress, "%s: %d of %d, %s to go\n", experiment.Name, done, total, left.Round(time.Second))
		}
	}
	repetitions := make(chan int)
	var workers sync.WaitGroup
	for range max(1, min(p.Workers, total)) {
		workers.Go(func() {
			for repetition := range repetitions {
				take(experiment.Trial(p.random(experiment, repetition)))
			}
		})
	}
	for repetition := 0; repetition < total && ctx.Err() == nil; repetition++ {
		if p.Limit > 0 && repetition > 0 && p.Now().Sub(started) > p.Limit {
			fmt.Fprintf(p.Progress, "%s: stopped at %s, after %d of %d repetitions\n", experiment.Name, p.Limit, repetition, total)
			break
		}
		repetitions <- repetition
	}
	close(repetitions)
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("%s: stopped after %d of %d repetitions: %w", experiment.Name, done, total, err)
	}
	for i, row := range experiment.Rows {
		results = append(results, Result{
			Experiment: experiment.Name, Name: row.Name, Counted: row.Counted, Bound: row.Bound,
			Hits: sums[i].Hits, Trials: sums[i].Trials, Seed: p.Seed, Command: p.command(experiment, done),
		})
	}
	return results, byFrequency(said), nil
}

func byFrequency(said map[string]int) []string {
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
