package stats

import (
	"fmt"
	"math"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Limits of what a profile holds of one column.
const (
	// MaximumEdges bounds the quantile edges of a number: 256 bins.
	MaximumEdges = 257
	// MaximumSample bounds the order statistics that are kept of a number.
	MaximumSample = 5000
	// MaximumCategories bounds the values of a category that are counted by name; the rarest of more are counted together.
	MaximumCategories = 10000
)

// ProfileSchema marks a frozen profile.
const ProfileSchema = "mlops/profile/v1"

// Input is one column, by row. Null is nil where no cell is null; a null cell's value is ignored.
type Input struct {
	Name string
	Type mlops.ColumnType
	// Numbers holds the cells of a number; NaN and infinities count as null.
	Numbers []float64
	// Text holds the cells of a category, boolean ("true", "false") or text.
	Text []string
	Null []bool
}

// Rows is the number of cells, null ones included.
func (in Input) Rows() int {
	switch {
	case in.Numbers != nil:
		return len(in.Numbers)
	case in.Text != nil:
		return len(in.Text)
	default:
		return len(in.Null)
	}
}

// IsNull says whether the cell of a row is missing: null, or a number that is NaN or infinite.
func (in Input) IsNull(row int) bool {
	if in.Null != nil && in.Null[row] {
		return true
	}
	return in.Numbers != nil && (math.IsNaN(in.Numbers[row]) || math.IsInf(in.Numbers[row], 0))
}

// Profile is what a reference is remembered by: datasets/<name>/<n>/profile.json. It is frozen when a version is
// published, so that every later window is counted in the same bins.
type Profile struct {
	Schema string `json:"schema"`
	Rows   int64  `json:"rows"`
	// Columns by name. Timestamps, text and columns without a value have counts of rows and nulls only.
	Columns map[string]ColumnProfile `json:"columns"`
}

// ColumnProfile is one column of a profile. Number and Category are set as Type says; boolean counts as a category.
type ColumnProfile struct {
	Type     mlops.ColumnType `json:"type"`
	Rows     int64            `json:"rows"`
	Nulls    int64            `json:"nulls"`
	Number   *NumberProfile   `json:"number,omitempty"`
	Category *CategoryProfile `json:"category,omitempty"`
	// Days is how far single days of the reference lie from the whole; nil where days are not known or fewer than two
	// have enough rows.
	Days *DaySpread `json:"days,omitempty"`
}

// NumberProfile counts a number in bins between quantiles of the reference itself.
type NumberProfile struct {
	// Edges rise strictly; bin i holds Edges[i] <= x < Edges[i+1], the last one its upper edge too. Where the largest value
	// is frequent, the last edge is the number next to it, so that the value has a bin of its own.
	Edges  []float64 `json:"edges"`
	Counts []int64   `json:"counts"`
	// Below and Above count what lies outside the edges: zero for the reference itself.
	Below             int64   `json:"below"`
	Above             int64   `json:"above"`
	Minimum           float64 `json:"minimum"`
	Maximum           float64 `json:"maximum"`
	Mean              float64 `json:"mean"`
	StandardDeviation float64 `json:"standard_deviation"` // divisor n
	// Sample holds sorted values: all of them up to MaximumSample, else as many evenly spaced order statistics.
	Sample []float64 `json:"sample"`
}

// CategoryProfile counts the values of a category.
type CategoryProfile struct {
	Counts map[string]int64 `json:"counts"`
	// Other counts the rows whose value is not in Counts, because the column has more than MaximumCategories values.
	Other int64 `json:"other,omitempty"`
	// Singletons is how many values occur exactly once, those in Other included. Singletons / rows estimates the share of
	// values that the reference has not seen (Good and Turing).
	Singletons int64 `json:"singletons"`
	// Doubletons occur exactly twice; they say how sure that estimate is.
	Doubletons int64 `json:"doubletons"`
}

// DaySpread is the reference's own movement: the PSI of each of its days against the others (psi/quantile10, or psi/levels
// for a category), less what sampling alone gives, so that zero means days that differ by chance only.
type DaySpread struct {
	// Count of days with at least MinimumDayRows rows.
	Count int64 `json:"count"`
	// MeanRows of those days.
	MeanRows   float64 `json:"mean_rows"`
	Mean       float64 `json:"mean"`
	Deviation  float64 `json:"deviation"` // standard deviation, divisor count - 1
	Quantile95 float64 `json:"quantile95"`
	Maximum    float64 `json:"maximum"`
	// MaximumNullShare is the largest share of nulls on one day.
	MaximumNullShare float64 `json:"maximum_null_share"`
}

// MinimumDayRows is how many rows a day needs to be compared with the whole.
const MinimumDayRows = 50

// NewProfile freezes columns of equal length. days holds the day number of each row (any numbering in which a day has one
// number), or is nil where rows have no time.
func NewProfile(columns []Input, days []int64) (Profile, error) {
	profile := Profile{Schema: ProfileSchema, Columns: make(map[string]ColumnProfile, len(columns))}
	byDay := rowsByDay(days)
	for i, column := range columns {
		if err := column.check(); err != nil {
			return Profile{}, err
		}
		if i == 0 {
			profile.Rows = int64(column.Rows())
		}
		if int64(column.Rows()) != profile.Rows {
			return Profile{}, fmt.Errorf("%w: column %q has %d rows, column %q has %d", mlops.ErrInvalid, column.Name, column.Rows(), columns[0].Name, profile.Rows)
		}
		if _, twice := profile.Columns[column.Name]; twice {
			return Profile{}, fmt.Errorf("%w: column %q is given twice", mlops.ErrInvalid, column.Name)
		}
		if days != nil && len(days) != column.Rows() {
			return Profile{}, fmt.Errorf("%w: %d day numbers for the %d rows of column %q", mlops.ErrInvalid, len(days), column.Rows(), column.Name)
		}
		columnProfile := NewColumnProfile(column)
		columnProfile.Days = daySpread(columnProfile, column, byDay)
		profile.Columns[column.Name] = columnProfile
	}
	return profile, nil
}

// NewColumnProfile freezes one column, without the spread of its days.
func NewColumnProfile(column Input) ColumnProfile {
	profile := ColumnProfile{Type: column.Type, Rows: int64(column.Rows())}
	switch {
	case column.Type == mlops.TypeNumber:
		values := column.SortedNumbers()
		profile.Nulls = profile.Rows - int64(len(values))
		if len(values) > 0 {
			profile.Number = newNumberProfile(values)
		}
	case isCounted(column.Type):
		counts, nulls := column.CountText()
		profile.Nulls = nulls
		if len(counts) > 0 {
			profile.Category = newCategoryProfile(counts)
		}
	default:
		profile.Nulls = column.Nulls()
	}
	return profile
}

// check says whether the cells stand where the type wants them.
func (in Input) check() error {
	rows := in.Rows()
	switch {
	case in.Type == mlops.TypeNumber && in.Numbers == nil && rows > 0:
		return fmt.Errorf("%w: column %q is a number but has no numbers", mlops.ErrInvalid, in.Name)
	case isCounted(in.Type) && in.Text == nil && rows > 0:
		return fmt.Errorf("%w: column %q is a %s but has no text", mlops.ErrInvalid, in.Name, in.Type)
	case in.Null != nil && len(in.Null) != rows:
		return fmt.Errorf("%w: column %q has %d cells and %d null marks", mlops.ErrInvalid, in.Name, rows, len(in.Null))
	}
	return nil
}

// SortedNumbers are the values that are not null, in rising order. Where the column is that already they are its own: they are
// not to be changed.
func (in Input) SortedNumbers() []float64 {
	if in.Null == nil && risesFinite(in.Numbers) {
		return in.Numbers
	}
	values := make([]float64, 0, len(in.Numbers))
	for row, value := range in.Numbers {
		if !in.IsNull(row) {
			values = append(values, value)
		}
	}
	if !risesFinite(values) {
		SortNumbers(values)
	}
	return values
}

// risesFinite says whether values rise and are finite.
func risesFinite(values []float64) bool {
	last := -math.MaxFloat64
	for _, value := range values {
		if !(value >= last) { // no number as well
			return false
		}
		last = value
	}
	return last <= math.MaxFloat64
}

// Nulls counts the cells without a value.
func (in Input) Nulls() (nulls int64) {
	if in.Null == nil && in.Numbers == nil {
		return 0
	}
	for row := range in.Rows() {
		if in.IsNull(row) {
			nulls++
		}
	}
	return nulls
}

// CountText counts the values that are not null, and the nulls.
func (in Input) CountText() (counts map[string]int64, nulls int64) {
	counts = map[string]int64{}
	last, run := "", int64(0) // values that follow themselves are looked up once
	for row, value := range in.Text {
		switch {
		case in.Null != nil && in.Null[row]:
			nulls++
		case value == last:
			run++
		default:
			if run > 0 {
				counts[last] += run
			}
			last, run = value, 1
		}
	}
	if run > 0 {
		counts[last] += run
	}
	return counts, nulls
}

// isCounted says whether a column is profiled by counting its values.
func isCounted(columnType mlops.ColumnType) bool {
	return columnType == mlops.TypeCategory || columnType == mlops.TypeBoolean
}
