// Package hours keeps profiles of traffic: each hour of records that has passed is counted once, in the bins of what the
// serving version learned from, and any window is the sum of its hours.
//
//	profiles/<deployment>/<yyyy>/<mm>/<dd>/<hh>-<plan>-<n>.profile    an hour; n = 2, 3, ... count what came too late for 1
//	profiles/<deployment>/<yyyy>/<mm>/<dd>/day-<plan>-<n>.profile     all hours of a day; the highest n counts
//
// Documents are created once and never changed. They hold integers and extremes only, so a window is counted exactly as its rows
// would be at once. The plan in a key stands for what is counted and how: another dataset schema, another model, or another life
// of its name is another plan, and traffic is profiled again under it. A document knows which segments it has counted; late ones
// are found by comparing that with what is there.
//
// There are no documents of months: a window of 30 days seldom holds a whole one, and a year is 365 reads.
//
// The package must not know what a window is judged by, nor who asks.
package hours

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Plan is what is counted, and in what.
type Plan struct {
	Deployment string
	// Model and its life; records of another are passed over.
	Model       string
	Incarnation string
	Dataset     mlops.Dataset
	// Frames are those of a version; false where nobody knows it: then its rows are not counted, only that there were some.
	Frames func(ctx context.Context, version int64) (Frames, bool, error)
}

// Frames are the bins of one version.
type Frames struct {
	// Edges tells frozen references apart: counts in other edges are not added.
	Edges string
	// Columns are those of the dataset, by name.
	Columns map[string]stats.Frame
	// Predictions is nil where nobody knows what the version should answer.
	Predictions *stats.Frame
}

// counting is the version of how is counted; profiles of another are made again.
const counting = 1

// name is what stands in keys for what is counted. Edges are not part of it: they follow from the version, which stands in the
// document.
func (p Plan) name() (string, error) {
	schema, err := json.Marshal(struct {
		Counting    int                     `json:"counting"`
		Model       string                  `json:"model"`
		Incarnation string                  `json:"incarnation"`
		Columns     map[string]mlops.Column `json:"columns"`
	}{counting, p.Model, p.Incarnation, p.Dataset.Columns})
	if err != nil {
		return "", fmt.Errorf("plan of deployment %q: %w", p.Deployment, err)
	}
	hash := fnv.New64a()
	_, _ = hash.Write(schema)
	return fmt.Sprintf("%016x", hash.Sum64()), nil
}

// Prefix is where all profiles of a deployment lie.
func Prefix(deployment string) string { return "profiles/" + deployment + "/" }

const (
	dayLayout = "2006/01/02"
	// Suffix ends the key of every profile.
	Suffix = ".profile"
)

func hourKey(deployment string, hour time.Time, plan string, number int) string {
	return fmt.Sprintf("%s%s-%s-%d%s", Prefix(deployment), hour.UTC().Format("2006/01/02/15"), plan, number, Suffix)
}

func dayKey(deployment string, day time.Time, plan string, number int) string {
	return fmt.Sprintf("%s%s/day-%s-%d%s", Prefix(deployment), day.UTC().Format(dayLayout), plan, number, Suffix)
}

// NewFrames are the frames of a version, with a name for their edges: that of the bins, levels and declared ranges themselves.
func NewFrames(dataset mlops.Dataset, reference stats.Profile, predictions *stats.ColumnProfile) Frames {
	frames := Frames{Columns: make(map[string]stats.Frame, len(dataset.Columns))}
	hash := fnv.New64a()
	for _, name := range dataset.ColumnNames() {
		frame := stats.NewFrame(dataset.Columns[name], reference.Columns[name])
		frames.Columns[name] = frame
		fmt.Fprintf(hash, "%q ", name)
		frame.Describe(hash)
	}
	if predictions != nil {
		frame := stats.NewFrame(mlops.Column{Type: predictions.Type}, *predictions)
		frames.Predictions = &frame
		frame.Describe(hash)
	}
	frames.Edges = fmt.Sprintf("%016x", hash.Sum64())
	return frames
}
