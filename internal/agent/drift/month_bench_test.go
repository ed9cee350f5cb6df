package drift_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift/hours"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/folder"
)

// A month of traffic with 50 features, 720 hours, judged from profiles: read, added up and compared. It stands against the
// clock that the drift monitor has: 100 ms, better 20.
func BenchmarkMonthFromProfiles(b *testing.B) {
	m := newMonth(b)
	end := m.start.AddDate(0, 0, 30)
	for name, span := range map[string]mlops.Span{
		"whole days":       {From: m.start, To: end},
		"sliding by hours": {From: m.start.Add(9 * time.Hour), To: end.Add(9 * time.Hour)},
	} {
		b.Run(name, func(b *testing.B) { m.measure(b, span) })
	}
}

// The same from Azurite, over HTTP on one machine: what a container far away costs is its calls.
func BenchmarkMonthFromProfilesInAzurite(b *testing.B) {
	server := azurite.Start(b, azurite.Options{})
	m := newMonth(b)
	span := mlops.Span{From: m.start, To: m.start.AddDate(0, 0, 30)}
	m.judge(b, span) // in the folder: it makes the profiles
	container, err := blob.Open(server.Container(b), nil, blob.Options{AccountKey: server.Key})
	if err != nil {
		b.Fatal(err)
	}
	copyStore(b, m.store, container)
	m.store = container
	m.measure(b, span)
}

func copyStore(b *testing.B, from, to platform.Store) {
	b.Helper()
	var writing errgroup.Group
	writing.SetLimit(8)
	for cursor := ""; ; {
		entries, err := from.List(b.Context(), "", cursor, 1000)
		if err != nil {
			b.Fatal(err)
		}
		for _, entry := range entries {
			cursor = entry.Key
			writing.Go(func() error {
				data, err := from.Read(b.Context(), entry.Key)
				if err != nil {
					return err
				}
				return to.Create(b.Context(), entry.Key, data)
			})
		}
		if len(entries) < 1000 {
			break
		}
	}
	if err := writing.Wait(); err != nil {
		b.Fatal(err)
	}
}

func (m *month) measure(b *testing.B, span mlops.Span) {
	b.Helper()
	m.judge(b, span)
	m.calls.Store(0)
	for b.Loop() {
		m.judge(b, span)
	}
	b.ReportMetric(float64(m.calls.Load())/float64(b.N), "calls/op")
}

// month is 31 days of records, at first in a folder, and what they are judged by.
type month struct {
	store     platform.Store
	calls     atomic.Int64
	start     time.Time
	dataset   mlops.Dataset
	reference stats.Profile
	frames    hours.Frames
}

const (
	monthNumbers, monthLevels = 40, 10 // features
	monthRequests, monthBatch = 3, 100 // an hour, and rows of each
)

func newMonth(b *testing.B) *month {
	b.Helper()
	m := &month{start: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), dataset: mlops.Dataset{Name: "month", Columns: map[string]mlops.Column{}}}
	store, err := folder.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	m.store = store
	random := rand.New(rand.NewPCG(41, 1))
	var reference []stats.Input
	for i := range monthNumbers + monthLevels {
		column := stats.Input{Name: monthColumn(i), Type: mlops.TypeNumber}
		for range 20000 {
			number, level := monthCell(random, i)
			if i < monthNumbers {
				column.Numbers = append(column.Numbers, number)
			} else {
				column.Text = append(column.Text, level)
			}
		}
		if i >= monthNumbers {
			column.Type = mlops.TypeCategory
		}
		m.dataset.Columns[column.Name] = mlops.Column{Type: column.Type, Role: mlops.RoleFeature}
		reference = append(reference, column)
	}
	if m.reference, err = stats.NewProfile(reference, nil); err != nil {
		b.Fatal(err)
	}
	m.frames = hours.NewFrames(m.dataset, m.reference, nil)
	sequence := int64(0)
	for hour := range 31 * 24 {
		at := m.start.Add(time.Duration(hour) * time.Hour)
		var lines []byte
		for range monthRequests {
			sequence++
			encoded, err := record.Record{
				Schema: record.Schema, ID: strconv.FormatInt(sequence, 10), Time: at, EventTime: at.Add(time.Duration(sequence) * time.Microsecond), Deployment: "m",
				Model: "m", ModelVersion: 1, Instance: "one", Status: 200, Complete: true, Rows: monthBatch, Data: json.RawMessage(monthRows(random)),
			}.Encode()
			if err != nil {
				b.Fatal(err)
			}
			lines = record.AppendLine(lines, encoded, sequence)
		}
		if err := m.store.Create(b.Context(), record.Key("m", "one", at, sequence), lines); err != nil {
			b.Fatal(err)
		}
	}
	return m
}

func monthColumn(i int) string { return fmt.Sprintf("feature_%02d", i) }

// monthCell draws a number of one of four kinds, or one of 50 levels.
func monthCell(random *rand.Rand, i int) (float64, string) {
	switch {
	case i >= monthNumbers:
		return 0, "level " + strconv.Itoa(int(math.Pow(50, random.Float64())))
	case i%4 == 0:
		return math.Exp(2 * random.NormFloat64()), ""
	case i%4 == 1:
		return math.Floor(5 * random.ExpFloat64()), ""
	default:
		return random.NormFloat64(), ""
	}
}

func monthRows(random *rand.Rand) []byte {
	rows := []byte{'['}
	for row := range monthBatch {
		if row > 0 {
			rows = append(rows, ',')
		}
		rows = append(rows, '{')
		for i := range monthNumbers + monthLevels {
			if i > 0 {
				rows = append(rows, ',')
			}
			rows = append(strconv.AppendQuote(rows, monthColumn(i)), ':')
			if number, level := monthCell(random, i); level != "" {
				rows = strconv.AppendQuote(rows, level)
			} else {
				rows = strconv.AppendFloat(rows, number, 'g', 8, 64)
			}
		}
		rows = append(rows, '}')
	}
	return append(rows, ']')
}

// countedStore counts the calls of a store.
type countedStore struct {
	platform.Store
	calls *atomic.Int64
}

func (s countedStore) Read(ctx context.Context, key string) ([]byte, error) {
	s.calls.Add(1)
	return s.Store.Read(ctx, key)
}

func (s countedStore) List(ctx context.Context, prefix, after string, limit int) ([]platform.Entry, error) {
	s.calls.Add(1)
	return s.Store.List(ctx, prefix, after, limit)
}

func (m *month) judge(b *testing.B, span mlops.Span) {
	b.Helper()
	keeper := hours.Keeper{
		Store: countedStore{m.store, &m.calls}, NewWriter: func() string { return "bench" }, Now: func() time.Time { return span.To },
		Check: func(day time.Time) bool { return !day.Before(span.To.Add(-48 * time.Hour).Truncate(24 * time.Hour)) },
	}
	plan := hours.Plan{Deployment: "m", Model: "m", Dataset: m.dataset, Frames: func(context.Context, int64) (hours.Frames, bool, error) { return m.frames, true, nil }}
	sum, err := keeper.Sum(b.Context(), plan, span, span.To)
	if err != nil {
		b.Fatal(err)
	}
	counted := drift.CountedPart(*sum.Parts[1])
	report, doubts := drift.JudgeCounts(drift.Window{Dataset: m.dataset, Reference: m.reference, Counted: counted})
	if report.Verdict != mlops.VerdictStable || len(doubts) > 0 || report.Rows != 720*monthRequests*monthBatch {
		b.Fatalf("%s of %d rows, doubts %v: %s", report.Verdict, report.Rows, doubts, report.Summary)
	}
}
