package dataset

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// RecordsRequest is a version to publish from the traffic of a deployment and the labels that came for it. SourcePath, Source
// and ExpectSHA256 of the Request are not used.
type RecordsRequest struct {
	Request
	Deployment string
	// From and To bound the event time of the records; zero is without end.
	From, To time.Time
	// MinimumRows that must be labelled; fewer are mlops.ErrInvalid.
	MinimumRows int64
}

// FromRecords joins inference records with their labels, by correlation id and row, and publishes the labelled rows as a
// version. Memory is that of the rows. The same records give the same rows in the same order, and so the version that is
// there already.
func FromRecords(ctx context.Context, request RecordsRequest) (Publication, error) {
	if request.Progress == nil {
		request.Progress = func(string) {}
	}
	fail := func(err error) (Publication, error) {
		return Publication{}, fmt.Errorf("dataset %q from the records of %q: %w", request.Dataset.Name, request.Deployment, err)
	}
	label := request.Dataset.ColumnOf(mlops.RoleLabel)
	if label == "" {
		return fail(fmt.Errorf(`%w: the dataset has no column with the role "label" that feedback could fill`, mlops.ErrInvalid))
	}
	made, err := joinRecords(ctx, request, label)
	if err != nil {
		return fail(err)
	}
	from := made.from
	if need := max(request.MinimumRows, 1); from.Labelled < need {
		return fail(fmt.Errorf("%w: %d rows have a label, at least %d are asked for: %d requests lie in the window, %d of their rows have no label yet",
			mlops.ErrInvalid, from.Labelled, need, from.Requests, from.Unlabelled))
	}
	request.joined = &made
	request.Source = "records of " + request.Deployment + spanWords(request.From, request.To)
	return Publish(ctx, request.Request)
}

func spanWords(from, to time.Time) string {
	text := ""
	if !from.IsZero() {
		text += " from " + from.UTC().Format(time.RFC3339)
	}
	if !to.IsZero() {
		text += " to " + to.UTC().Format(time.RFC3339)
	}
	return text
}

// joined are labelled rows with where they come from.
type joined struct {
	table    table.Table
	from     mlops.JoinedRecords
	segments content.Content // the listing of what was read
}

// rows gives them as a source; its fingerprint is that of the rows as CSV.
func (j joined) rows(name string) (rows, string, error) {
	whole, err := content.Of(func(to io.Writer) error { return table.WriteCSV(to, j.table) })
	return rows{Table: j.table, source: source{path: name}}, whole.SHA256, err
}

// joinRecords reads the window twice, over one listing: who is there, then, with the labels at hand, their rows.
func joinRecords(ctx context.Context, request RecordsRequest, label string) (joined, error) {
	store := &witness{Store: request.Store, listed: map[string][]platform.Entry{}, sums: map[string]string{}}
	request.Progress("reading the records")
	join := record.NewJoin()
	count, heard := int64(0), time.Now()
	progress := func(doing string) error {
		if count++; time.Since(heard) > 2*time.Second {
			heard = time.Now()
			request.Progress(fmt.Sprintf("%s: %d records", doing, count))
		}
		return ctx.Err()
	}
	_, err := record.Scan(ctx, store, request.Deployment, request.From, request.To, func(r record.Record) error {
		join.Want(r)
		return progress("reading the records")
	})
	if err != nil {
		return joined{}, err
	}
	request.Progress("reading the labels")
	if err := join.Read(ctx, store, request.Deployment); err != nil {
		return joined{}, err
	}
	first := count
	count = 0
	collected := newCollected(request.Dataset, label)
	broken, err := record.Scan(ctx, store, request.Deployment, request.From, request.To, func(r record.Record) error {
		if err := progress("joining"); err != nil {
			return err
		}
		return collected.add(r, join)
	})
	if err == nil && count != first {
		err = fmt.Errorf("%w: the records changed while they were read (retention may have taken some): do it again", mlops.ErrConflict)
	}
	if err != nil {
		return joined{}, err
	}
	made := joined{table: collected.table(), from: collected.from}
	made.from.Deployment, made.from.From, made.from.To = request.Deployment, request.From.UTC(), request.To.UTC()
	made.from.Requests, made.from.Duplicates = join.Counts.Requests, join.Counts.Duplicates
	made.from.ReplacedLabels, made.from.UnplacedLabels = join.Counts.Replaced, join.Counts.Unplaced
	broken.Add(join.Counts.Broken)
	made.from.BrokenLines = broken.Lines
	made.segments, err = store.content()
	made.from.Segments, made.from.SegmentsSHA256 = int64(len(store.sums)), made.segments.SHA256
	return made, err
}

// mostUndeclared names are kept; a client can invent any number of them.
const mostUndeclared = 20

// collected gathers labelled rows by column, as text; how they are to be read is the check's to say.
type collected struct {
	dataset   mlops.Dataset
	label     string
	timestamp string
	from      mlops.JoinedRecords
	cells     map[string]*table.Column
	places    []placed
	extra     map[string]bool
	parser    fastjson.Parser
	labels    fastjson.Parser
}

// placed orders the rows, however segments were cut.
type placed struct {
	at  time.Time
	id  string // of the record
	row int
}

func newCollected(of mlops.Dataset, label string) *collected {
	c := &collected{dataset: of, label: label, timestamp: of.ColumnOf(mlops.RoleTimestamp), cells: map[string]*table.Column{}, extra: map[string]bool{}}
	for _, name := range of.ColumnNames() {
		c.cells[name] = &table.Column{Name: name}
	}
	return c
}

// add takes the labelled rows of a request.
func (c *collected) add(r record.Record, join *record.Join) error {
	labels, held := join.Take(r)
	switch {
	case !held:
		return nil // counted as a duplicate
	case r.Failed():
		c.from.Failed++
		return nil
	case r.Data == nil:
		c.from.NotCaptured++
		return nil
	}
	root, err := c.parser.ParseBytes(r.Data)
	if err != nil || root.Type() != fastjson.TypeArray {
		return fmt.Errorf("record %s: %w: its rows are no array", r.ID, mlops.ErrInvalid)
	}
	for i, row := range root.GetArray() {
		c.from.Rows++
		switch {
		case i >= len(labels) || labels[i] == nil:
			c.from.Unlabelled++
		case !c.row(r, i, row.GetObject(), labels[i]):
			c.from.Unusable++
		default:
			c.from.Labelled++
		}
	}
	return nil
}

// row appends one row; false where a cell cannot stand in a table.
func (c *collected) row(r record.Record, index int, row *fastjson.Object, label json.RawMessage) bool {
	values := map[string]string{}
	usable := row != nil
	row.Visit(func(key []byte, value *fastjson.Value) {
		name := string(key)
		declared, known := c.dataset.Columns[name]
		if !known {
			if len(c.extra) < mostUndeclared {
				c.extra[name] = true
			}
			return
		}
		text, scalar := cellText(value)
		usable = usable && (scalar || declared.Type == mlops.TypeText)
		values[name] = text
	})
	value, err := c.labels.ParseBytes(label)
	if err != nil || !usable {
		return false
	}
	values[c.label], _ = cellText(value)
	at, ok := table.ParseTime(values[c.timestamp])
	if !ok {
		at = r.EventTime
	}
	if c.timestamp != "" && values[c.timestamp] == "" {
		values[c.timestamp] = r.EventTime.UTC().Format(time.RFC3339Nano) // when it came is the best that is known
	}
	for name, column := range c.cells {
		column.Text = append(column.Text, values[name])
		column.Null = append(column.Null, table.IsNullText(values[name]))
	}
	c.places = append(c.places, placed{at: at, id: r.ID, row: index})
	return true
}

// cellText is a value as a file would hold it; a nested one is its JSON and no scalar.
func cellText(value *fastjson.Value) (text string, scalar bool) {
	switch value.Type() {
	case fastjson.TypeNull:
		return "", true
	case fastjson.TypeString:
		return string(value.GetStringBytes()), true
	case fastjson.TypeArray, fastjson.TypeObject:
		return value.String(), false
	default:
		return value.String(), true
	}
}

// table has the rows in order of time, and the declared columns that at least one row has.
func (c *collected) table() table.Table {
	c.from.UndeclaredColumns = slices.Sorted(maps.Keys(c.extra))
	made := table.Table{Rows: len(c.places)}
	for _, name := range c.dataset.ColumnNames() {
		column := *c.cells[name]
		for i, null := range column.Null {
			if null {
				column.Text[i] = ""
			}
		}
		if slices.Contains(column.Null, false) {
			made.Columns = append(made.Columns, column)
		}
	}
	order := make([]int, len(c.places))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := c.places[a], c.places[b]
		return cmp.Or(x.at.Compare(y.at), strings.Compare(x.id, y.id), cmp.Compare(x.row, y.row))
	})
	return made.Take(order)
}
