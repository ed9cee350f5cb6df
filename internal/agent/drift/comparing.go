package drift

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// comparing is a comparison under way. It reads the reference column by column and keeps its profile, then the current file,
// and keeps what each column shows.
type comparing struct {
	window  Window // without columns
	columns []comparedColumn
	before  comparedSide
	now     comparedSide
	notes   []string
}

// comparedSide is what is known of a file's rows over all its columns.
type comparedSide struct {
	file     *table.File
	drawn    []int         // rows for looking at features together
	sample   []stats.Input // of those rows, by column of comparing
	times    []time.Time
	mutex    sync.Mutex
	repeats  *stats.RowHashes
	complete []bool
}

// comparedColumn is one column of the reference and what it shows.
type comparedColumn struct {
	name               string
	kind               mlops.ColumnType
	reference, current int // in their files; current is -1 where it is not there
	compared           bool
	note               string // why it is not, or what was odd

	profile  stats.ColumnProfile
	faults   []mlops.QualityFault
	findings []mlops.QualityFault
	measured *measurement
}

func newComparing(monitor mlops.DriftMonitor, reference, current *table.File) *comparing {
	c := &comparing{
		window:  Window{Monitor: monitor, Dataset: mlops.Dataset{Columns: map[string]mlops.Column{}}},
		columns: make([]comparedColumn, len(reference.Names())),
		before:  newSide(reference), now: newSide(current),
	}
	places := map[string]int{}
	for i, name := range current.Names() {
		places[name] = i
	}
	for i, name := range reference.Names() {
		c.columns[i] = comparedColumn{name: name, reference: i, current: -1}
		if at, here := places[name]; here {
			c.columns[i].current = at
		}
	}
	if monitor.Multivariate {
		random := rand.New(rand.NewPCG(1, uint64(reference.Rows()))) //nolint:gosec // seeded on purpose
		c.before.drawn, c.now.drawn = drawnOf(reference.Rows(), random), drawnOf(current.Rows(), random)
		c.before.sample, c.now.sample = make([]stats.Input, len(c.columns)), make([]stats.Input, len(c.columns))
	}
	return c
}

func newSide(file *table.File) comparedSide {
	complete := make([]bool, file.Rows())
	for row := range complete {
		complete[row] = true
	}
	return comparedSide{file: file, repeats: stats.NewRowHashes(file.Rows()), complete: complete}
}

// note takes down what concerns whole rows, and the drawn rows of the column; both says that the other side has it.
func (s *comparedSide) note(column int, input stats.Input, both bool) {
	if s.drawn != nil {
		s.sample[column] = pickRows(input, s.drawn)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.repeats.Add(column, input)
	for row := range s.complete {
		if !both {
			break
		}
		s.complete[row] = s.complete[row] && !input.IsNull(row)
	}
}

// compared are the columns that both sides have and that can be compared.
func (c *comparing) compared() []comparedColumn {
	return slices.DeleteFunc(slices.Clone(c.columns), func(column comparedColumn) bool { return !column.compared || column.current < 0 })
}

// readReference guesses types, finds the days and freezes the profile.
func (c *comparing) readReference(ctx context.Context, types map[string]mlops.ColumnType) error {
	if err := c.findTypes(ctx, types); err != nil {
		return err
	}
	days, err := c.findTimes()
	if err != nil {
		return err
	}
	err = eachColumn(ctx, len(c.columns), func(i int) error {
		column := &c.columns[i]
		if !column.compared {
			return nil
		}
		input, bad, err := readInput(c.before.file, column.reference, column.kind)
		if err != nil {
			return err
		}
		if bad > 0 {
			column.note = fmt.Sprintf("%s: %s of the reference are no %s and count as null", column.name, plural(bad, "cell"), column.kind)
		}
		profile, err := stats.NewProfile([]stats.Input{input}, days)
		column.profile = profile.Columns[column.name]
		c.before.note(i, input, column.current >= 0)
		return err
	})
	if err != nil {
		return err
	}
	profile := stats.Profile{Schema: stats.ProfileSchema, Rows: int64(c.before.file.Rows()), Columns: map[string]stats.ColumnProfile{}}
	for _, column := range c.columns {
		if column.compared {
			profile.Columns[column.name] = column.profile
			c.window.Dataset.Columns[column.name] = mlops.Column{Type: column.kind, Role: mlops.RoleFeature}
		}
		if column.note != "" {
			c.notes = append(c.notes, column.note)
		}
	}
	for _, name := range c.now.file.Names() {
		if !slices.Contains(c.before.file.Names(), name) {
			c.notes = append(c.notes, name+" is in the current file only: not compared")
		}
	}
	c.window.Reference = profile
	c.window.ReferenceDays = days
	c.window.ReferenceDuplicates = float64(c.before.repeats.Repeats(c.before.times)) / float64(c.before.file.Rows())
	c.before.repeats = nil
	return nil
}

func (c *comparing) findTypes(ctx context.Context, types map[string]mlops.ColumnType) error {
	return eachColumn(ctx, len(c.columns), func(i int) (err error) {
		column := &c.columns[i]
		told := false
		if column.kind, told = types[column.name]; !told {
			if column.kind, err = guessType(c.before.file, column.reference); err != nil {
				return err
			}
		}
		column.compared = column.kind != mlops.TypeText && column.kind != mlops.TypeTimestamp
		if !column.compared {
			column.note = fmt.Sprintf("%s is a %s column: not compared", column.name, column.kind)
		}
		return nil
	})
}

// findTimes reads the first timestamp of both sides, and numbers the days of the reference's.
func (c *comparing) findTimes() ([]int64, error) {
	at := slices.IndexFunc(c.columns, func(column comparedColumn) bool { return column.kind == mlops.TypeTimestamp })
	if at < 0 {
		return nil, nil
	}
	column := c.columns[at]
	times, err := c.before.file.Column(column.reference)
	if err != nil {
		return nil, err
	}
	days := dayNumbers(times)
	c.before.times = timesOf(times)
	if column.current >= 0 {
		if times, err = c.now.file.Column(column.current); err != nil {
			return nil, err
		}
		c.now.times = timesOf(times)
	}
	c.window.Times, c.window.InOrder = c.now.times, true
	return days, nil
}

// readCurrent judges each column by itself.
func (c *comparing) readCurrent(ctx context.Context) error {
	names := map[string]bool{}
	for _, name := range c.window.watched() {
		names[name] = true
	}
	var measured []string // in order of name, as in every window
	for _, column := range c.compared() {
		if names[column.name] && (column.profile.Number != nil || column.profile.Category != nil) {
			measured = append(measured, column.name)
		}
	}
	reference := withTypicalDays(c.window.Reference, measured)
	return eachColumn(ctx, len(c.columns), func(i int) error {
		column := &c.columns[i]
		if !column.compared {
			return nil
		}
		one := c.window
		one.Times = nil
		one.Dataset.Columns = map[string]mlops.Column{column.name: c.window.Dataset.Columns[column.name]}
		if column.current >= 0 {
			input, bad, err := readInput(c.now.file, column.current, column.kind)
			if err != nil {
				return err
			}
			c.now.note(i, input, true)
			one.Current, one.TypeErrors = []stats.Input{input}, map[string]int64{column.name: int64(bad)}
		}
		seen := one.sight(one.Reference)
		column.faults = columnFaults(one, column.name, seen, c.now.file.Rows())
		if !names[column.name] {
			return nil
		}
		column.findings = columnFindings(one.Reference, column.name, seen)
		if slices.Contains(measured, column.name) {
			m := one.measure(column.name, reference.Columns[column.name], seen[column.name], len(measured), one.sensitivity(column.name))
			column.measured = &m
		}
		return nil
	})
}

// judge puts together what the columns show.
func (c *comparing) judge() mlops.DriftReport {
	slices.SortFunc(c.columns, func(a, b comparedColumn) int { return cmp.Compare(a.name, b.name) })
	w := c.window
	report := w.newReport(int64(c.now.file.Rows()))
	var measured []measurement
	for _, column := range c.columns {
		report.Quality = append(report.Quality, column.faults...)
		report.Findings = append(report.Findings, column.findings...)
		if column.measured != nil {
			measured = append(measured, *column.measured)
		}
	}
	sortFaults(report.Quality)
	repeats := float64(c.now.repeats.Repeats(c.now.times)) / float64(c.now.file.Rows())
	c.now.repeats = nil
	report.Findings = append(report.Findings, repeatedFinding(w, repeats, true)...)
	report.Findings = append(report.Findings, timeFindings(w)...)
	decide(measured)
	w.ReferenceRows, w.Current = c.before.sampled(), c.now.sampled()
	if w.ReferenceDays != nil && c.before.drawn != nil {
		days := make([]int64, len(c.before.drawn))
		for i, row := range c.before.drawn {
			days[i] = w.ReferenceDays[row]
		}
		w.ReferenceDays = days
	}
	w.conclude(&report, measured)
	return report
}

// sampled are the drawn rows of the columns that were compared.
func (s *comparedSide) sampled() []stats.Input {
	return slices.DeleteFunc(slices.Clone(s.sample), func(column stats.Input) bool { return column.Name == "" })
}
