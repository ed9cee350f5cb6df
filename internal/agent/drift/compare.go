package drift

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats/peer"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// Comparison is two tables judged without a project: types are guessed from the reference, every column is a feature.
type Comparison struct {
	Report mlops.DriftReport
	// Notes say what was left out and why.
	Notes []string

	reference, current *table.File
	columns            []comparedColumn
	complete           peer.Complete
}

// Pair is one column of both sides, whole.
type Pair struct{ Reference, Current stats.Input }

// Pair reads a compared column of both sides again; the files must still be open.
func (c Comparison) Pair(name string) (Pair, error) {
	at := slices.IndexFunc(c.columns, func(column comparedColumn) bool { return column.name == name })
	if at < 0 {
		return Pair{}, fmt.Errorf("%w: %q is no compared column", mlops.ErrNotFound, name)
	}
	column := c.columns[at]
	before, _, err := readInput(c.reference, column.reference, column.kind)
	if err != nil {
		return Pair{}, err
	}
	now, _, err := readInput(c.current, column.current, column.kind)
	return Pair{before, now}, err
}

// Complete marks the rows of both sides that have a value in every compared column.
func (c Comparison) Complete() peer.Complete { return c.complete }

// Compare judges the current table against the reference. types overrides guesses by column; a text column or a timestamp
// is not compared, and the first timestamp gives the reference its days.
func Compare(reference, current table.Table, types map[string]mlops.ColumnType) (Comparison, error) {
	return CompareAs(mlops.DriftMonitor{}, reference, current, types)
}

// CompareAs is Compare with what a monitor tunes: Features, MinimumRows, Multivariate.
func CompareAs(monitor mlops.DriftMonitor, reference, current table.Table, types map[string]mlops.ColumnType) (Comparison, error) {
	return CompareFiles(context.Background(), monitor, reference.Open(), current.Open(), types)
}

// CompareFiles is CompareAs of files of any size: it holds as many columns at once as there are processors, and of the others
// only what a verdict needs.
func CompareFiles(ctx context.Context, monitor mlops.DriftMonitor, reference, current *table.File, types map[string]mlops.ColumnType) (Comparison, error) {
	if err := checkComparable(reference, current, types); err != nil {
		return Comparison{}, err
	}
	c := newComparing(monitor, reference, current)
	if err := c.readReference(ctx, types); err != nil {
		return Comparison{}, err
	}
	if len(c.compared()) == 0 {
		return Comparison{}, fmt.Errorf("%w: no column can be compared: %s", mlops.ErrInvalid, strings.Join(c.notes, "; "))
	}
	if err := c.readCurrent(ctx); err != nil {
		return Comparison{}, err
	}
	return Comparison{
		Report: c.judge(), Notes: c.notes, reference: reference, current: current, columns: c.compared(),
		complete: peer.Complete{Reference: c.before.complete, Current: c.now.complete},
	}, nil
}

// eachColumn calls for 0 to count-1, as many at once as there are processors.
func eachColumn(ctx context.Context, count int, call func(i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range count {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return call(i)
		})
	}
	return group.Wait()
}

// checkComparable says what stands in the way before anything is read.
func checkComparable(reference, current *table.File, types map[string]mlops.ColumnType) error {
	switch {
	case reference.Rows() == 0:
		return fmt.Errorf("%w: the reference has no rows", mlops.ErrInvalid)
	case current.Rows() == 0:
		return fmt.Errorf("%w: the current file has no rows", mlops.ErrInvalid)
	}
	known := map[string]bool{}
	for _, name := range current.Names() {
		known[name] = true
	}
	if !slices.ContainsFunc(reference.Names(), func(name string) bool { return known[name] }) {
		return fmt.Errorf("%w: the files share no column: the reference has %s, the current file has %s",
			mlops.ErrInvalid, list(firstNames(reference)), list(firstNames(current)))
	}
	for name, columnType := range types {
		if !slices.Contains(reference.Names(), name) {
			return fmt.Errorf("%w: the reference has no column %q; it has %s", mlops.ErrInvalid, name, list(firstNames(reference)))
		}
		if !slices.Contains(mlops.ColumnTypes, columnType) {
			return fmt.Errorf("%w: column %s: type %q: use one of %v", mlops.ErrInvalid, name, columnType, mlops.ColumnTypes)
		}
	}
	return nil
}

// firstNames are the columns of a table, cut to a readable number.
func firstNames(f *table.File) []string {
	names := f.Names()
	if len(names) > 10 {
		return append(names[:10:10], fmt.Sprintf("%d more", len(names)-10))
	}
	return names
}
