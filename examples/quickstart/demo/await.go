//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	pollEvery    = 250 * time.Millisecond
	speakUpAfter = 2 * time.Second  // without news, say what is awaited
	patience     = 90 * time.Second // for one condition
)

// look is one look at a condition: whether it holds, and what is seen, in a few words.
type look func(ctx context.Context) (holds bool, seen string, err error)

// hopeless is an error that waiting longer cannot mend.
type hopeless struct{ error }

func (h hopeless) Unwrap() error { return h.error }

// await looks until the condition holds. It prints what it sees when that changes, and gives up with what it saw last.
func (d *demo) await(ctx context.Context, what string, condition look) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not within %s", patience))
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	started, said := time.Now(), ""
	var last string
	for {
		if err := d.alive(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		holds, seen, err := condition(ctx)
		switch {
		case err == nil && holds:
			fmt.Printf("   %s %s\n", green("✓"), what)
			return nil
		case errors.As(err, new(hopeless)):
			return fmt.Errorf("%s: %w", what, err)
		case err != nil:
			last = err.Error()
		default:
			last = seen
		}
		if time.Since(started) > speakUpAfter && err == nil && seen != said {
			fmt.Printf("     %s\n", grey(fmt.Sprintf("… %s (%.0f s: %s)", what, time.Since(started).Seconds(), seen)))
			said = seen
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w; last seen: %s", what, context.Cause(ctx), last)
		}
	}
}
