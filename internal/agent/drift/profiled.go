package drift

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift/hours"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

const (
	// profiledBytes of segments, compressed, are what is read as rows at once. A window that weighs more is known by its profiles.
	profiledBytes = 8 << 20
	// sealAfter is how far the watermark must lie behind an hour before the hour is counted for good.
	sealAfter = 15 * time.Minute
	// idleAfter is how old the newest traffic may be when a window is judged by hand; with nothing newer, it has passed.
	idleAfter = 2 * time.Hour
)

// profiled adds the window up from the profiles of its hours; false where its rows must be read: a window of few rows, seasons
// and features together, whose methods look at single rows, references other than the training data, whose edges are made anew
// with every window, and deployments with labels, which are put to rows.
func (l *Looker) profiled(ctx context.Context, state mlops.State, read *traffic) (bool, error) {
	if l.Monitor.Season > 0 || l.Monitor.Multivariate || l.Monitor.Reference != mlops.ReferenceTraining {
		return false, nil
	}
	if labelled, err := l.labelled(ctx, read.dataset); err != nil || labelled {
		return false, err
	}
	if heavy, err := l.heavy(ctx, *read); err != nil || !heavy {
		return false, err
	}
	sealed, err := l.sealed(ctx, read.end)
	if err != nil {
		return false, err
	}
	sum, err := l.keeper(*read, sealed).Sum(ctx, l.plan(state, *read), mlops.Span{From: read.start, To: read.end}, sealed)
	if err != nil {
		return false, err
	}
	version, newest := sum.Latest()
	part := sum.Parts[version]
	if part == nil {
		return false, nil
	}
	served, err := l.served(ctx, state, *read, version)
	if err != nil {
		return false, err
	}
	if part.Edges != served.frames.Edges {
		l.Logger.Info("profiles were counted in other edges: rows are read", "version", version)
		return false, nil
	}
	read.version, read.last = version, newest
	read.columns = record.Columns{Rows: part.Rows, Requests: part.Requests, Failed: part.Failed, NotCaptured: part.NotCaptured}
	read.counted, read.broken = CountedPart(*part), sum.Broken
	read.basis = &mlops.ProfileBasis{Hours: int64(sum.Hours), LateRows: sum.Late, RowsRead: sum.Read}
	return true, nil
}

func (l *Looker) keeper(read traffic, sealed time.Time) hours.Keeper {
	return hours.Keeper{
		Store: l.Project.Store, NewWriter: l.Project.NewWriter, Now: l.Project.Now, Check: l.checks(read, sealed), Progress: l.Progress,
	}
}

// Profile makes the profiles of the hours of a span that traffic has passed, and counts what came late for them.
func (l *Looker) Profile(ctx context.Context, from, to time.Time) (mlops.ProfileBasis, error) {
	if !from.Before(to) {
		return mlops.ProfileBasis{}, fmt.Errorf("%w: the span from %s to %s is empty", mlops.ErrInvalid, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	state, read, err := l.declared(ctx, from, to)
	if err != nil {
		return mlops.ProfileBasis{}, fmt.Errorf("drift monitor %q: %w", l.Monitor.Name, err)
	}
	sealed, err := l.sealed(ctx, to)
	if err != nil {
		return mlops.ProfileBasis{}, err
	}
	span := mlops.Span{From: from.Truncate(time.Hour), To: sealed.Truncate(time.Hour)}
	sum, err := l.keeper(read, sealed).Sum(ctx, l.plan(state, read), span, sealed)
	if err != nil {
		return mlops.ProfileBasis{}, fmt.Errorf("drift monitor %q: %w", l.Monitor.Name, err)
	}
	return mlops.ProfileBasis{Hours: int64(sum.Hours), LateRows: sum.Late}, nil
}

// CountedPart is a window that profiles were added up to.
func CountedPart(part hours.Part) *Counted {
	window := &Counted{
		Rows: part.Rows, Times: part.Times, Duplicates: part.Duplicates, Strayed: part.Strayed, Predictions: part.Predictions,
	}
	window.setColumns(part.Columns)
	if part.Mixed || part.AnswerIsText {
		window.Doubts = append(window.Doubts, "the answers of the model are not one number")
	}
	return window
}

// plan is what is counted of a deployment's traffic.
func (l *Looker) plan(state mlops.State, read traffic) hours.Plan {
	return hours.Plan{
		Deployment: l.Monitor.Deployment, Model: read.deployment.Model, Incarnation: state.Incarnation, Dataset: read.dataset,
		Frames: func(ctx context.Context, version int64) (hours.Frames, bool, error) {
			if _, known := state.Version(version); !known {
				return hours.Frames{}, false, nil
			}
			served, err := l.served(ctx, state, read, version)
			return served.frames, err == nil, err
		},
	}
}

// heavy says whether a window weighs more than what is read as rows, from its newest day back until that is plain.
func (l *Looker) heavy(ctx context.Context, read traffic) (bool, error) {
	limit := l.rowBytes
	if limit == 0 {
		limit = profiledBytes
	}
	const day = 24 * time.Hour
	var bytes int64
	for at := read.end.Add(-1).Truncate(day); at.Add(day).After(read.start); at = at.Add(-day) {
		segments, err := record.Segments(ctx, l.Project.Store, l.Monitor.Deployment, at, at.Add(day))
		if err != nil {
			return false, err
		}
		for _, segment := range segments {
			if bytes += segment.Size; bytes > limit {
				return true, nil
			}
		}
	}
	return false, nil
}

// sealed is the time before which hours are counted for good.
func (l *Looker) sealed(ctx context.Context, end time.Time) (time.Time, error) {
	watermark := l.watermark
	if watermark.IsZero() {
		next := record.HourPrefix(l.Monitor.Deployment, end.Add(time.Hour))
		later, err := l.Project.Store.List(ctx, record.Prefix(l.Monitor.Deployment), next, 1)
		if err != nil {
			return time.Time{}, err
		}
		if len(later) > 0 {
			return end, nil
		}
		var found bool
		if watermark, found, err = record.Newest(ctx, l.Project.Store, l.Monitor.Deployment, end.Add(-idleAfter)); err != nil {
			return time.Time{}, err
		}
		if !found {
			watermark = end.Add(-idleAfter)
		}
	}
	if watermark.After(end) {
		watermark = end.Add(sealAfter) // traffic has passed it
	}
	return watermark.Add(-sealAfter), nil
}

// checks says which days a look compares with the segments that are there: the last two, where late records are likely, and one
// in so many as the window has days of the others, so that each is checked again before long. Who judges by hand checks all.
func (l *Looker) checks(read traffic, sealed time.Time) func(day time.Time) bool {
	if !l.scheduled {
		return nil
	}
	const day = 24 * time.Hour
	recent := sealed.Truncate(day).Add(-day)
	days := uint64(max(1, read.end.Sub(read.start)/day)) //nolint:gosec // above zero
	return func(date time.Time) bool {
		hash := fnv.New64a()
		fmt.Fprint(hash, date.Unix(), read.end.Unix())
		return !date.Before(recent) || hash.Sum64()%days == 0
	}
}

// doubted tells why rows are read after all.
func (l *Looker) doubted(end time.Time, doubts []string) {
	l.progress("reading the rows of the window: " + strings.Join(doubts[:min(2, len(doubts))], "; "))
	l.Logger.Info("rows are read, counts leave open", "window_end", end, "doubts", doubts)
}
