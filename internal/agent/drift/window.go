// Package drift judges windows of scoring traffic against a frozen reference: data quality first, then drift, then its
// cause; and it writes the report. The judgement is a pure function of a Window. Reading windows from records, monitors'
// logs and the store stand in files of their own.
package drift

import (
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Window is everything that a verdict needs.
type Window struct {
	Dataset mlops.Dataset
	// Monitor tunes the judgement: Features, MinimumRows and Season. Its zero value takes the defaults.
	Monitor   mlops.DriftMonitor
	Reference stats.Profile
	// Current holds the columns of the window, all of one length. A feature of the dataset that is not there is a fault; a
	// label or timestamp that is not there is none.
	Current []stats.Input
	// TypeErrors counts, by column, cells that could not be read as their column's type; such cells stand as null in Current.
	TypeErrors map[string]int64
	// Times are the event times of the rows of Current; nil where rows have none. InOrder says that rows stand as they were
	// written: not where several collectors' files are read one after another.
	Times   []time.Time
	InOrder bool
	// ReferenceDuplicates is the share of the reference's rows that repeat another one; zero where nobody counted.
	ReferenceDuplicates float64
	// ReferenceRows are rows of the reference, and ReferenceDays their days where known: for looking at features together,
	// where the monitor asks for it.
	ReferenceRows []stats.Input
	ReferenceDays []int64
	// Season is the profile of the same season of the last cycle; nil where there is none yet.
	Season *stats.Profile
	// Predictions is the output of the model in the window, PredictionReference its output on the reference; drift of the
	// predictions is judged where both are there.
	Predictions         *stats.Input
	PredictionReference *stats.ColumnProfile
	// Counted stands in the place of Current, TypeErrors, Times and Predictions where the window is known by counts alone.
	Counted *Counted
	// Performance is what labels say of the window; nil where none have come.
	Performance *mlops.Performance
	// Broken is what of the records could not be read; its rows are missing.
	Broken record.Broken
}
