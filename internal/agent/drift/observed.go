package drift

import (
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// observed is one column of a window: counted in the frame of its reference and, where rows were read, its values. What needs
// counts only takes them from here, so that rows and profiles are judged by one code.
type observed struct {
	frame stats.Frame
	tally stats.Tally
	rows  stats.Input // nothing where only counts are known
	// sorted are the values of a number in rising order, where rows were read.
	sorted  []float64
	counts  map[string]int64 // of a category, where rows were read
	counted bool             // only counts are known
}

// observe counts rows.
func observe(frame stats.Frame, rows stats.Input, typeErrors int64) observed {
	if frame.Type != mlops.TypeNumber {
		all := observed{frame: frame, rows: rows, tally: stats.Tally{Rows: int64(rows.Rows()), TypeErrors: typeErrors}}
		if rows.Text != nil {
			all.counts, all.tally.Nulls = rows.CountText()
		} else {
			all.tally.Nulls = rows.Nulls()
		}
		return all
	}
	sorted := rows.SortedNumbers()
	return observed{frame: frame, rows: rows, sorted: sorted, tally: frame.CountSorted(sorted, int64(rows.Rows()), typeErrors)}
}

// levels are the counts of a category by level.
func (o observed) levels() map[string]int64 {
	if o.tally.Category == nil {
		return o.counts
	}
	return o.frame.Counts(*o.tally.Category)
}

// spreadValues is how many order statistics of a window are laid where its counts say that they are.
const spreadValues = 2000

// values are for pictures and words: those of the rows, else laid where counts say that they are.
func (o observed) values() []float64 {
	if o.counted && o.frame.Reference.Number != nil && o.tally.Number != nil {
		return o.tally.Number.Spread(*o.frame.Reference.Number, spreadValues)
	}
	return o.sorted
}

// present is the column without its nulls.
func (o observed) present() observed {
	o.tally.Rows, o.tally.Nulls, o.tally.TypeErrors = o.tally.Values(), 0, 0
	if !o.counted {
		o.rows = o.rows.Present()
	}
	return o
}

// sights are the columns of a window that are there, by name, against a reference.
type sights map[string]observed

// sight counts the columns of a window in the frames of a reference.
func (w Window) sight(reference stats.Profile) sights {
	seen := sights{}
	if w.Counted != nil {
		for name, tally := range w.Counted.Columns {
			seen[name] = observed{frame: stats.NewFrame(w.Dataset.Columns[name], reference.Columns[name]), tally: tally, counted: true}
		}
		return seen
	}
	for _, column := range w.Current {
		declared := w.Dataset.Columns[column.Name]
		declared.Type = column.Type
		seen[column.Name] = observe(stats.NewFrame(declared, reference.Columns[column.Name]), column, w.TypeErrors[column.Name])
	}
	return seen
}

// sides are rows, nulls and ranges of reference and window.
func (o observed) sides(reference stats.ColumnProfile) *mlops.Sides {
	sides := mlops.Sides{
		Reference: mlops.Side{Rows: reference.Rows, Nulls: reference.Nulls}, Window: mlops.Side{Rows: o.tally.Rows, Nulls: o.tally.Nulls},
	}
	if number := reference.Number; number != nil {
		sides.Reference.Minimum, sides.Reference.Maximum = &number.Minimum, &number.Maximum
	}
	if number := o.tally.Number; number != nil && o.tally.Values() > 0 {
		sides.Window.Minimum, sides.Window.Maximum = &number.Minimum, &number.Maximum
	}
	if category := reference.Category; category != nil {
		sides.Reference.Levels = int64(len(category.Counts))
	}
	if o.frame.Type != mlops.TypeNumber {
		sides.Window.Levels = int64(len(o.levels()))
	}
	return &sides
}
