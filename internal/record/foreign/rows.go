package foreign

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// rows is a table whose columns have been told apart.
type rows struct {
	table.Table
	times       []time.Time
	features    []table.Column
	prediction  *table.Column
	label       *table.Column
	correlation *table.Column
}

// table reads a row as a request of one row that was answered; its prediction is the answer, its label a label.
func (i Import) table(ctx context.Context, path, instance string, to sink) error {
	read, err := table.Read(path)
	if err != nil {
		return err
	}
	told, err := i.tell(read)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for row := range told.Rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, label, err := told.record(row, instance+"-"+strconv.Itoa(row+1))
		if err != nil {
			return fmt.Errorf("%s, row %d: %w", path, row+1, err)
		}
		i.served(&r)
		if err := to.record(r); err != nil {
			return err
		}
		if label == nil {
			continue
		}
		if err := to.label(record.LabelRecord{
			Schema: record.LabelSchema, SpecVersion: record.SpecVersion, Type: record.LabelType, DataContentType: record.DataContentType,
			ID: r.ID + "-label", CorrelationID: r.CorrelationID, Time: r.Time, EventTime: r.Time, Data: []record.Label{{Value: label}},
		}); err != nil {
			return err
		}
	}
	return nil
}

// shownRows of what is wrong are named.
const shownRows = 5

// tell finds the columns, and reads the times.
func (i Import) tell(read table.Table) (rows, error) {
	told := rows{Table: read}
	if i.TimestampColumn == "" {
		return told, fmt.Errorf("%w: name the column that says when a row happened (--timestamp-column); there is %s", mlops.ErrInvalid, strings.Join(read.Names(), ", "))
	}
	for name, column := range map[string]**table.Column{i.PredictionColumn: &told.prediction, i.LabelColumn: &told.label, i.CorrelationColumn: &told.correlation} {
		if name == "" {
			continue
		}
		found, ok := read.Column(name)
		if !ok {
			return told, fmt.Errorf("%w: there is no column %q; there is %s", mlops.ErrInvalid, name, strings.Join(read.Names(), ", "))
		}
		*column = &found
	}
	at, ok := read.Column(i.TimestampColumn)
	if !ok {
		return told, fmt.Errorf("%w: there is no column %q; there is %s", mlops.ErrInvalid, i.TimestampColumn, strings.Join(read.Names(), ", "))
	}
	var null []bool
	told.times, null, _ = at.AsTimes()
	var bad []string
	count := 0
	for row := range null {
		if !null[row] {
			continue
		}
		if count++; count <= shownRows {
			bad = append(bad, strconv.Itoa(row+1))
		}
	}
	if count > 0 {
		return told, fmt.Errorf("%w: %d cells of %q are no time (rows %s ...): write 2026-01-02T15:04:05Z", mlops.ErrInvalid, count, i.TimestampColumn, strings.Join(bad, ", "))
	}
	for _, column := range read.Columns {
		if column.Name != i.PredictionColumn && column.Name != i.LabelColumn && column.Name != i.CorrelationColumn {
			told.features = append(told.features, column)
		}
	}
	return told, nil
}

// record is a row as a record, and its label as JSON, nil where it has none.
func (t rows) record(row int, id string) (record.Record, json.RawMessage, error) {
	correlationID := id
	if t.correlation != nil && !t.correlation.IsNull(row) {
		if correlationID = text(*t.correlation, row); !record.PrintableID(correlationID) {
			return record.Record{}, nil, fmt.Errorf("%w: column %q holds no correlation id (1 to 128 printable characters)", mlops.ErrInvalid, t.correlation.Name)
		}
	}
	r := scored(id, correlationID, t.times[row])
	request := []byte("[{")
	for n, column := range t.features {
		if n > 0 {
			request = append(request, ',')
		}
		name, err := json.Marshal(column.Name)
		if err != nil {
			return r, nil, err
		}
		request = append(append(append(request, name...), ':'), cell(column, row)...)
	}
	r.Rows, r.Data = 1, append(request, "}]"...)
	if t.prediction != nil && !t.prediction.IsNull(row) {
		answer := append([]byte(`[{"prediction":`), cell(*t.prediction, row)...)
		r.ResponseRows, r.Response = 1, append(answer, "}]"...)
	}
	if t.label == nil || t.label.IsNull(row) {
		return r, nil, nil
	}
	return r, cell(*t.label, row), nil
}

func text(column table.Column, row int) string {
	if column.Numbers != nil {
		return table.FormatNumber(column.Numbers[row])
	}
	return column.Text[row]
}

// cell is a cell as JSON: a number where it reads as one and writes back the same, true and false, else a text.
func cell(column table.Column, row int) []byte {
	if column.IsNull(row) {
		return []byte("null")
	}
	content := text(column, row)
	if content == "true" || content == "false" {
		return []byte(content)
	}
	if number, err := strconv.ParseFloat(content, 64); err == nil && !math.IsInf(number, 0) && !math.IsNaN(number) && table.FormatNumber(number) == content {
		return []byte(content)
	}
	quoted, err := json.Marshal(content)
	if err != nil {
		return []byte("null") // a string can always be marshalled
	}
	return quoted
}
