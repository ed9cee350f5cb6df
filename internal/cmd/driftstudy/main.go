// Command driftstudy measures the default drift method by simulation and writes docs/guides/drift-study.md.
//
//	go run ./internal/cmd/driftstudy            # all of it: hours on one core
//	go run ./internal/cmd/driftstudy -quick     # seconds, prints only
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift/study"
)

// options are what the command line says.
type options struct {
	plan             study.Plan
	only, flights    string
	repository       string
	limit            time.Duration
	quick, printOnly bool
	anew             bool
}

// batch is how long repetitions are run before they are kept.
const batch = time.Minute

func main() {
	var o options
	flag.Uint64Var(&o.plan.Seed, "seed", 1, "seed of all randomness")
	flag.IntVar(&o.plan.Repetitions, "repetitions", 2000, "repetitions of each experiment")
	flag.IntVar(&o.plan.LargeRepetitions, "large-repetitions", 200, "repetitions at a million rows")
	flag.IntVar(&o.plan.Workers, "workers", runtime.GOMAXPROCS(0), "repetitions at a time")
	flag.DurationVar(&o.limit, "limit", 0, "end each experiment after so long; the next run goes on after the repetitions done until then; 0 is no limit")
	flag.BoolVar(&o.anew, "anew", false, "begin with the first repetition, instead of going on after those that are kept")
	flag.StringVar(&o.only, "only", "", "run experiments whose name matches this regular expression; results of others stay as they are")
	flag.StringVar(&o.flights, "flights", defaultFlights(), "path of flights-3m.parquet (make flights)")
	flag.StringVar(&o.repository, "repository", ".", "top of the repository, where results and pages are written")
	flag.BoolVar(&o.quick, "quick", false, "few repetitions, print only")
	flag.BoolVar(&o.printOnly, "print", false, "print only, write nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "driftstudy:", err)
		os.Exit(1)
	}
}

// defaultFlights is where `make flights` puts the file.
func defaultFlights() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "terraform-provider-mlops", "vega-datasets-3.2.1", "flights-3m.parquet")
}

func run(ctx context.Context, o options) error {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if _, err := os.Stat(o.flights); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(os.Stderr, "The real flights are left out: %s is not there; `make flights` fetches it.\n", o.flights)
		o.flights = ""
	}
	if o.quick {
		o.plan.Repetitions, o.plan.LargeRepetitions, o.printOnly = 20, 2, true
	}
	o.plan.Progress, o.plan.Now = os.Stderr, time.Now
	failed := 0
	for _, experiment := range study.Experiments(o.flights) {
		if !only.MatchString(experiment.Name) {
			continue
		}
		results, err := measure(ctx, o, experiment)
		if err != nil {
			return err
		}
		fmt.Print(study.Table(results))
		for _, result := range results {
			if !result.Holds() {
				failed++
			}
		}
	}
	if !o.printOnly { // with nothing run too: the page may have new words
		if err := study.Keep(o.repository, nil); err != nil {
			return err
		}
	}
	if failed > 0 && !o.quick {
		return fmt.Errorf("%d bounds are not proved", failed)
	}
	return nil
}

// measure runs what is missing of one experiment and keeps it every minute.
func measure(ctx context.Context, o options, experiment study.Experiment) ([]study.Result, error) {
	results, err := earlier(o, experiment)
	if err != nil {
		return nil, err
	}
	said := map[string]int{}
	started, done := time.Now(), 0
	if len(results) > 0 {
		done = results[0].Repetitions
	}
	for done < o.plan.Total(experiment) && (o.limit == 0 || time.Since(started) < o.limit) {
		more, notes := o.plan.Run(ctx, experiment, done, batch)
		results = study.Together(results, more)
		done = results[0].Repetitions
		for note, times := range notes {
			said[note] += times
		}
		if !o.printOnly {
			if err := study.Keep(o.repository, results); err != nil {
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("%s: stopped after %d repetitions: %w", experiment.Name, done, err)
		}
	}
	lines := study.ByFrequency(said)
	for _, line := range lines[:min(len(lines), 12)] {
		fmt.Fprintln(os.Stderr, "   ", line)
	}
	fmt.Fprintf(os.Stderr, "%s: %d repetitions, the last in %s\n", experiment.Name, done, time.Since(started).Round(time.Second))
	return results, nil
}

// earlier are the kept results that this run can go on from: of the same seed and the same rows.
func earlier(o options, experiment study.Experiment) (results []study.Result, err error) {
	if o.anew || o.printOnly {
		return nil, nil
	}
	all, err := study.Kept(o.repository)
	if err != nil {
		return nil, err
	}
	for _, row := range experiment.Rows {
		at := slices.IndexFunc(all, func(r study.Result) bool {
			return r.Experiment == experiment.Name && r.Name == row.Name && r.Seed == o.plan.Seed && r.Repetitions > 0
		})
		if at < 0 {
			return nil, nil
		}
		results = append(results, all[at])
	}
	return results, nil
}
