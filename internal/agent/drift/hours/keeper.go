package hours

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

const day = 24 * time.Hour

// Keeper makes profiles where they are missing, and adds them up.
type Keeper struct {
	Store     platform.Store
	NewWriter func() string
	Now       func() time.Time
	// Check says of a day whether its profile is compared with the segments that are there, so that late ones are counted; nil
	// checks all.
	Check func(day time.Time) bool
	// Progress hears what takes time; it may be nil.
	Progress func(text string)
}

// Sum adds up what was served in a span: whole hours that end by sealed from their profiles, which are made where they are
// missing, the rest from rows.
func (k Keeper) Sum(ctx context.Context, plan Plan, span mlops.Span, sealed time.Time) (*Sum, error) {
	sum := newSum(plan)
	from := span.From.Add(time.Hour - 1).Truncate(time.Hour)
	to := sealed.Truncate(time.Hour)
	if end := span.To.Truncate(time.Hour); to.After(end) {
		to = end
	}
	if !to.After(from) {
		return sum, k.addRows(ctx, sum, span.From, span.To)
	}
	if err := k.addRows(ctx, sum, span.From, from); err != nil {
		return nil, err
	}
	if err := k.addProfiles(ctx, sum, from, to); err != nil {
		return nil, err
	}
	sum.Hours = int(to.Sub(from) / time.Hour)
	if err := k.addRows(ctx, sum, to, span.To); err != nil {
		return nil, err
	}
	for _, part := range sum.Parts {
		part.complete()
	}
	return sum, nil
}

// addRows counts rows that have no profile.
func (k Keeper) addRows(ctx context.Context, sum *Sum, from, to time.Time) error {
	if !to.After(from) {
		return nil
	}
	segments, err := record.Segments(ctx, k.Store, sum.plan.Deployment, from, to)
	if err != nil {
		return err
	}
	parts, broken, err := k.count(ctx, sum, segments, from, to)
	if err != nil {
		return err
	}
	sum.Broken.Add(broken)
	for _, part := range parts {
		sum.Read += part.Rows
		sum.addPart(part)
	}
	return nil
}

// count reads segments and counts the rows that they hold of a span, hour by hour so that no more than one is held at once.
func (k Keeper) count(ctx context.Context, sum *Sum, segments []platform.Entry, from, to time.Time) ([]Part, record.Broken, error) {
	var parts []Part
	var broken record.Broken
	for hour := from.Truncate(time.Hour); hour.Before(to); hour = hour.Add(time.Hour) {
		of := inHour(sum.plan.Deployment, segments, hour)
		counted, err := k.countHour(ctx, sum, of, &broken, from, to, hour)
		if err != nil {
			return nil, broken, err
		}
		parts = append(parts, counted...)
	}
	return parts, broken, nil
}

func inHour(deployment string, segments []platform.Entry, hour time.Time) []platform.Entry {
	prefix := record.HourPrefix(deployment, hour)
	var of []platform.Entry
	for _, segment := range segments {
		if len(segment.Key) > len(prefix) && segment.Key[:len(prefix)] == prefix {
			of = append(of, segment)
		}
	}
	return of
}

func (k Keeper) countHour(ctx context.Context, sum *Sum, segments []platform.Entry, broken *record.Broken, from, to, hour time.Time) ([]Part, error) {
	builders := map[int64]*record.Builder{}
	newest := map[int64]time.Time{}
	found, err := record.ScanSegments(ctx, k.Store, segments, from, to, func(r record.Record) error {
		if r.Model != "" && r.Model != sum.plan.Model {
			return nil
		}
		builder := builders[r.ModelVersion]
		if builder == nil {
			builder = record.NewBuilder(sum.plan.Dataset)
			builders[r.ModelVersion] = builder
		}
		if err := builder.Add(r); err != nil { // its rows are none
			broken.Note("of instance "+r.Instance, err)
			return nil
		}
		if r.EventTime.After(newest[r.ModelVersion]) {
			newest[r.ModelVersion] = r.EventTime
		}
		return nil
	})
	broken.Add(found)
	if err != nil {
		return nil, err
	}
	var parts []Part
	for version, builder := range builders {
		frames, here, err := sum.framesOf(ctx, version)
		if err != nil {
			return nil, err
		}
		parts = append(parts, countRows(version, frames, here, builder.Columns(), newest[version], hour))
	}
	slices.SortFunc(parts, func(a, b Part) int { return int(a.Version - b.Version) })
	return parts, nil
}

// readers is how many documents are read at once.
const readers = 8

// readAll reads documents, in order, each once for a sum.
func (k Keeper) readAll(ctx context.Context, sum *Sum, keys []string) ([]document, error) {
	documents, faults := make([]document, len(keys)), make([]error, len(keys))
	var group sync.WaitGroup
	next := make(chan int)
	for range min(readers, len(keys)) {
		group.Go(func() {
			for i := range next {
				documents[i], faults[i] = k.read(ctx, keys[i])
			}
		})
	}
	for i, key := range keys {
		var cached bool
		if documents[i], cached = sum.cached[key]; !cached {
			next <- i
		}
	}
	close(next)
	group.Wait()
	for i, key := range keys {
		if faults[i] == nil {
			sum.cached[key] = documents[i]
		}
	}
	return documents, errors.Join(faults...)
}

func (k Keeper) progress(text string) {
	if k.Progress != nil {
		k.Progress(text)
	}
}
