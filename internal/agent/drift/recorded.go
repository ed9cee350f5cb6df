package drift

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// recorded is traffic that a window is compared with, and what the model answered to it.
type recorded struct {
	profile stats.Profile
	rows    []stats.Input
	days    []int64
	answers *stats.ColumnProfile
}

// compareWith replaces the training data by the traffic that the monitor names, and finds the last season. Where a whole
// cycle is not recorded yet, the training data stay what the window is compared with.
func (l *Looker) compareWith(ctx context.Context, read *traffic) error {
	window := mlops.Span{From: read.start, To: read.end}
	read.against = fmt.Sprintf("dataset %s version %d, training split", read.manifest.Dataset, read.manifest.Number)
	if l.Monitor.Season > 0 {
		season, err := l.recorded(ctx, *read, l.Monitor.LastSeason(window))
		if err != nil {
			return fmt.Errorf("last season: %w", err)
		}
		if season != nil {
			read.season = &season.profile
		}
	}
	span, traffic := l.Monitor.ReferenceSpan(window)
	if !traffic || l.Monitor.Reference == mlops.ReferenceSeason && read.season == nil {
		return l.trainingRows(ctx, read)
	}
	reference, err := l.recorded(ctx, *read, span)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	read.against = fmt.Sprintf("traffic from %s to %s", span.From.Format(time.RFC3339), span.To.Format(time.RFC3339))
	read.reference, read.answers = stats.Profile{}, nil
	if reference != nil {
		read.reference, read.answers = reference.profile, reference.answers
		read.rows, read.days = reference.rows, reference.days
	}
	return nil
}

// trainingRows reads what the version learned from, where the monitor looks at features together.
func (l *Looker) trainingRows(ctx context.Context, read *traffic) error {
	if !l.Monitor.Multivariate {
		return nil
	}
	training, err := l.csv(ctx, read.manifest.Training.SHA256)
	if err != nil {
		return fmt.Errorf("training split: %w", err)
	}
	for _, name := range read.dataset.Features() {
		if column, here := training.Column(name); here {
			input, _ := ReadInput(column, read.dataset.Columns[name].Type)
			read.rows = append(read.rows, input)
		}
	}
	if column, here := training.Column(read.dataset.ColumnOf(mlops.RoleTimestamp)); here {
		read.days = dayNumbers(column)
	}
	return nil
}

// recorded profiles the traffic of a span; nil where too little was recorded then.
func (l *Looker) recorded(ctx context.Context, read traffic, span mlops.Span) (*recorded, error) {
	columns, _, _, _, err := l.rows(ctx, read, span.From, span.To)
	if errors.Is(err, mlops.ErrNotFound) || err == nil && columns.Rows < stats.MinimumDayRows {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	days := make([]int64, len(columns.Times))
	for row, at := range columns.Times {
		days[row] = int64(math.Floor(float64(at.Unix()) / (24 * time.Hour).Seconds()))
	}
	profile, err := stats.NewProfile(columns.Inputs, days)
	if err != nil {
		return nil, err
	}
	found := recorded{profile: profile, rows: columns.Inputs, days: days}
	if columns.Predictions != nil {
		answers := stats.NewColumnProfile(*columns.Predictions)
		found.answers = &answers
	}
	return &found, nil
}
