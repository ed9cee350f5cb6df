package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Bounds of the work.
const (
	// Interval is the least time between the starts of two rounds.
	Interval = time.Hour
	// callsInSweep bounds what one sweep asks of the store; the next one goes on where it ended.
	callsInSweep = 100
	// page is how many keys one call lists.
	page = 1000
)

// Sweeper goes through what rules bound, a bounded piece at a time. It may be lost at any moment: what it remembers only
// saves calls. It is not safe for concurrent use; several sweepers of one store are.
type Sweeper struct {
	store   platform.Store
	started time.Time // of the last round
	rules   []Rule    // that this round has still to go through
	cursor  string    // the last key of the first rule that was dealt with
	// arrived holds when what is old by its day, but not by its arrival, came; zero for what cannot be read.
	arrived map[string]time.Time
}

// New returns a sweeper that starts its first round at once.
func New(store platform.Store) *Sweeper {
	return &Sweeper{store: store, arrived: map[string]time.Time{}}
}

// Sweep does the next piece of the round, or begins a new one with the rules that are asked for then. Between rounds it
// asks nothing of the store. What fails is left to the next round; an error of the listing to the next sweep.
func (s *Sweeper) Sweep(ctx context.Context, now time.Time, rules func() ([]Rule, error)) (removed int, err error) {
	if len(s.rules) == 0 {
		rested := now.Sub(s.started)
		if !s.started.IsZero() && rested >= 0 && rested < Interval {
			return 0, nil
		}
		s.started = now
		if s.rules, err = rules(); err != nil {
			err = fmt.Errorf("retention: %w", err)
		}
	}
	left := callsInSweep
	for left > 0 && len(s.rules) > 0 {
		count, fault := s.piece(ctx, now, &left)
		removed += count
		if fault != nil {
			return removed, errors.Join(err, fmt.Errorf("retention: %s: %w", s.rules[0].Name, fault))
		}
	}
	return removed, err
}

// piece lists a page of the first rule and deals with it as far as calls are left.
func (s *Sweeper) piece(ctx context.Context, now time.Time, left *int) (removed int, err error) {
	rule := s.rules[0]
	*left--
	entries, err := s.store.List(ctx, rule.Prefix, s.cursor, page)
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		aged, young := rule.candidate(entry.Key, now)
		if young {
			s.next()
			return removed, nil
		}
		if aged {
			if *left <= 0 {
				return removed, nil
			}
			gone, err := s.settle(ctx, rule, entry.Key, now, left)
			if gone {
				removed++
			}
			if err != nil {
				if ctx.Err() == nil {
					s.cursor = entry.Key // one that cannot be removed does not stand in the way of the others
				}
				return removed, err
			}
		}
		s.cursor = entry.Key
	}
	if len(entries) < page {
		s.next()
	}
	return removed, nil
}

func (s *Sweeper) next() { s.rules, s.cursor = s.rules[1:], "" }

// settle removes a document that has been here for long enough.
func (s *Sweeper) settle(ctx context.Context, rule Rule, key string, now time.Time, left *int) (gone bool, err error) {
	arrived, known := s.arrived[key]
	if !known {
		*left--
		arrived, err = arrival(ctx, s.store, key)
		switch {
		case errors.Is(err, mlops.ErrNotFound):
			return false, nil // another controller was here
		case err != nil && !errors.Is(err, mlops.ErrInvalid):
			return false, err
		}
		s.arrived[key] = arrived
		if err != nil {
			return false, err
		}
	}
	if arrived.IsZero() || arrived.Add(rule.Keep).After(now) {
		return false, nil
	}
	if rule.With != nil {
		*left--
		if err := s.store.Delete(ctx, rule.With(key)); err != nil {
			return false, err
		}
	}
	*left--
	if err := s.store.Delete(ctx, key); err != nil {
		return false, err
	}
	delete(s.arrived, key)
	return true, nil
}
