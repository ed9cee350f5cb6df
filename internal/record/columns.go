package record

import (
	"fmt"
	"time"

	"github.com/valyala/fastjson"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Columns is the rows of many records by column.
type Columns struct {
	// Rows is the length of every input; rows of failed requests are among them, since what was asked is what drifts.
	Rows int64
	// Requests, those that failed, and those whose rows were not captured.
	Requests    int64
	Failed      int64
	NotCaptured int64
	// Inputs are the columns of the dataset that occurred in at least one row, in order of name. A cell that was left out
	// or could not be read is null. Timestamps have null marks only; their values are Times.
	Inputs []stats.Input
	// TypeErrors counts, by column, cells that could not be read as the column's type.
	TypeErrors map[string]int64
	// Missing counts, by column, rows without the column at all: a part of the nulls.
	Missing map[string]int64
	// Unknown counts, by name, cells that belong to no column of the dataset; past a thousand names, under "".
	Unknown map[string]int64
	// Times are the event times of the rows: the timestamp column's, else the record's.
	Times []time.Time
	// Predictions is the model's answer by row: a number or, where it is not one, a category; nil where no answer had one.
	// A row whose request failed, or whose answer has another number of rows than the request, is null.
	Predictions *stats.Input
	// Versions counts the rows by model version.
	Versions map[int64]int64
}

// predictionNames are the columns of an answer that may be the prediction, the best first. The label's name, and the only
// column of an answer, are tried after them.
var predictionNames = []string{
	"probability", "probabilities", "score", "scores", predictionColumn, "predictions", "predicted", "predict", "output", "class",
}

// ColumnsOf turns records into columns.
func ColumnsOf(records []Record, dataset mlops.Dataset) (Columns, error) {
	builder := NewBuilder(dataset)
	for _, r := range records {
		if err := builder.Add(r); err != nil {
			return Columns{}, err
		}
	}
	return builder.Columns(), nil
}

// Builder turns records into columns one by one; Add fits Scan.
type Builder struct {
	dataset    mlops.Dataset
	timestamp  string
	columns    map[string]*cells
	answer     answer
	result     Columns
	names      names
	stage      stage
	own, none  found // of records that no Decoder read
	parser     fastjson.Parser
	answerJSON fastjson.Parser
}

// NewBuilder starts with no rows.
func NewBuilder(dataset mlops.Dataset) *Builder {
	b := &Builder{dataset: dataset, timestamp: dataset.ColumnOf(mlops.RoleTimestamp), columns: map[string]*cells{}}
	for name, column := range dataset.Columns {
		b.columns[name] = newCells(column.Type)
		b.columns[name].place = len(b.columns) * 64 % 4096
	}
	b.names = newNames(b.columns, b.timestamp, &b.stage)
	b.answer = newAnswer(dataset.ColumnOf(mlops.RoleLabel))
	b.result.Unknown, b.result.Versions = map[string]int64{}, map[int64]int64{}
	return b
}

// Add adds the rows of a record. Rows that are no array of objects are mlops.ErrInvalid: the collector writes none such.
func (b *Builder) Add(r Record) error {
	b.result.Requests++
	if r.Failed() {
		b.result.Failed++
	}
	if r.Data == nil {
		b.result.NotCaptured++
		return nil
	}
	known := r.found
	if known == nil {
		known = &b.none
	}
	flat, whole := flatOf(&known.data, &b.own.data, r.Data)
	b.addFlat(flat, r.EventTime)
	rows := len(flat.Ends)
	if !whole {
		all, err := objects(&b.parser, r.Data)
		if err != nil {
			return b.rest(r, rows, err)
		}
		for _, row := range all[min(rows, len(all)):] {
			b.row(row, r.EventTime)
		}
		rows = len(all)
	}
	var answers []*fastjson.Object
	if !r.Failed() && r.Response != nil {
		if flat, whole := flatOf(&known.response, &b.own.response, r.Response); whole && b.answer.addFlat(rows, flat) {
			b.result.Versions[r.ModelVersion] += int64(rows)
			return nil
		}
		var err error
		if answers, err = objects(&b.answerJSON, r.Response); err != nil {
			return b.rest(r, rows, err)
		}
	}
	b.result.Versions[r.ModelVersion] += int64(rows)
	b.answer.add(rows, answers)
	return nil
}

// rest ends a record that is broken: the rows that were read of it stay, without an answer.
func (b *Builder) rest(r Record, rows int, err error) error {
	b.result.Versions[r.ModelVersion] += int64(rows)
	b.answer.add(rows, nil)
	return fmt.Errorf("record %s: %w", r.ID, err)
}

// row adds one row; a column that stands in it twice counts once, with its last value, as most readers of JSON take it.
func (b *Builder) row(row *fastjson.Object, eventTime time.Time) {
	b.stage.flush()
	index := int(b.result.Rows)
	b.result.Rows++
	at := eventTime
	row.Visit(func(key []byte, value *fastjson.Value) {
		column, known := b.columns[string(key)]
		if !known {
			b.unknown(string(key))
			return
		}
		column.set(index, scalarOf(value))
		if string(key) == b.timestamp && !column.last.IsZero() {
			at = column.last
		}
	})
	b.result.Times = append(b.result.Times, at)
}

// mostUnknown names are told apart; a client can invent any number of them.
const mostUnknown = 1000

func (b *Builder) unknown(name string) {
	if _, ok := b.result.Unknown[name]; !ok && len(b.result.Unknown) >= mostUnknown {
		name = ""
	}
	b.result.Unknown[name]++
}

// Columns is what was added so far.
func (b *Builder) Columns() Columns {
	b.stage.flush()
	result := b.result
	result.TypeErrors, result.Missing = map[string]int64{}, map[string]int64{}
	for _, name := range b.dataset.ColumnNames() {
		column := b.columns[name]
		column.fill(int(result.Rows))
		if column.missing == result.Rows {
			continue
		}
		if column.typeErrors > 0 {
			result.TypeErrors[name] = column.typeErrors
		}
		if column.missing > 0 {
			result.Missing[name] = column.missing
		}
		result.Inputs = append(result.Inputs, column.input(name))
	}
	result.Predictions = b.answer.input()
	return result
}

func objects(parser *fastjson.Parser, data []byte) ([]*fastjson.Object, error) {
	root, err := parser.ParseBytes(data)
	if err != nil || root.Type() != fastjson.TypeArray {
		return nil, fmt.Errorf("%w: its rows are no array", mlops.ErrInvalid)
	}
	rows := make([]*fastjson.Object, len(root.GetArray()))
	for i, row := range root.GetArray() {
		if rows[i] = row.GetObject(); rows[i] == nil {
			return nil, fmt.Errorf("%w: its rows are no objects", mlops.ErrInvalid)
		}
	}
	return rows, nil
}
