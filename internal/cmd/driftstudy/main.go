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
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift/study"
)

// options are what the command line says.
type options struct {
	plan             study.Plan
	only, flights    string
	repository       string
	quick, printOnly bool
}

func main() {
	var o options
	flag.Uint64Var(&o.plan.Seed, "seed", 1, "seed of all randomness")
	flag.IntVar(&o.plan.Repetitions, "repetitions", 2000, "repetitions of each experiment")
	flag.IntVar(&o.plan.LargeRepetitions, "large-repetitions", 200, "repetitions at a million rows")
	flag.IntVar(&o.plan.Workers, "workers", runtime.GOMAXPROCS(0), "repetitions at a time")
	flag.DurationVar(&o.plan.Limit, "limit", 0, "end each experiment after so long, with the repetitions done until then; 0 is no limit")
	flag.StringVar(&o.only, "only", "", "run experiments whose name matches this regular expression; results of others stay as they are")
	flag.StringVar(&o.flights, "flights", defaultFlights(), "path of flights-3m.parquet (make flights)")
	flag.StringVar(&o.repository, "repository", ".", "top of the repository, where results and pages are written")
	flag.BoolVar(&o.quick, "quick", false, "few repetitions, print only")
	flag.BoolVar(&o.printOnly, "print", false, "print only, write nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
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
		started := time.Now()
		results, notes, err := o.plan.Run(ctx, experiment)
		if err != nil {
			return err
		}
		for _, line := range notes[:min(len(notes), 12)] {
			fmt.Fprintln(os.Stderr, "   ", line)
		}
		fmt.Fprintf(os.Stderr, "%s took %s\n", experiment.Name, time.Since(started).Round(time.Second))
		fmt.Print(study.Table(results))
		for _, result := range results {
			if !result.Holds() {
				failed++
			}
		}
		if !o.printOnly {
			if err := study.Keep(o.repository, results); err != nil {
				return err
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
