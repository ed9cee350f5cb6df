package foreign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// own reads what `mlops records cat` prints, and label records.
func (i Import) own(ctx context.Context, path string, to sink) error {
	return eachLine(path, func(_ int, line []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := record.Decode(line)
		if errors.Is(err, mlops.ErrNotFound) {
			l, err := record.DecodeLabel(line)
			if err != nil {
				return fmt.Errorf("%w: %w", mlops.ErrInvalid, err)
			}
			return to.label(l)
		}
		if err != nil {
			return err
		}
		if r.Rows, err = rowsOf(r.Data); err != nil {
			return err
		}
		if r.ResponseRows, err = rowsOf(r.Response); err != nil {
			return err
		}
		i.served(&r)
		return to.record(r)
	})
}

// served notes who answered, where the files do not say it as it should be.
func (i Import) served(r *record.Record) {
	if i.Model != "" {
		r.Model = i.Model
	}
	if i.ModelVersion > 0 {
		r.ModelVersion = i.ModelVersion
	}
}

// rowsOf counts an array of objects; nothing has none.
func rowsOf(data json.RawMessage) (int64, error) {
	if len(data) == 0 {
		return 0, nil
	}
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal(data, &rows); err != nil {
		return 0, fmt.Errorf("%w: its rows are no array of objects", mlops.ErrInvalid)
	}
	for _, row := range rows {
		if row == nil {
			return 0, fmt.Errorf("%w: its rows are no array of objects", mlops.ErrInvalid)
		}
	}
	return int64(len(rows)), nil
}

// azureType begins the type of every line that Azure ML's data collector writes.
const azureType = "azureml.inference."

// azureLine is one of them: azureml.inference.model_inputs or model_outputs, or a collection of the user's own.
type azureLine struct {
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	Time          time.Time       `json:"time"`
	CorrelationID string          `json:"correlationid"`
	ModelVersion  json.RawMessage `json:"modelversion"` // a text or a number
	Data          json.RawMessage `json:"data"`
	DataInBlob    json.RawMessage `json:"datainblob"`
	DataRef       string          `json:"dataref"`
}

// elsewhere says that the data is in another blob, which a line only points to.
func (l azureLine) elsewhere() bool {
	return l.DataRef != "" || strings.Trim(string(l.DataInBlob), `"`) == "true"
}

func (l azureLine) inputs() bool  { return isCollection(l.Type, "model_inputs", "inputs") }
func (l azureLine) outputs() bool { return isCollection(l.Type, "model_outputs", "outputs") }

func isCollection(text string, names ...string) bool {
	for _, name := range names {
		if text == azureType+name {
			return true
		}
	}
	return false
}

// azure reads the files twice: outputs first, which are held, then inputs, which get theirs by correlation id, in order.
func (i Import) azure(ctx context.Context, paths []string, to sink) error {
	answers := map[string][]json.RawMessage{}
	waiting := int64(0)
	err := eachAzure(ctx, paths, func(line azureLine) error {
		switch {
		case line.outputs() && line.elsewhere():
			to.pass()
		case line.outputs():
			if _, err := rowsOf(line.Data); err != nil {
				return err
			}
			answers[line.CorrelationID] = append(answers[line.CorrelationID], line.Data)
			waiting++
		case !line.inputs():
			to.pass()
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = eachAzure(ctx, paths, func(line azureLine) error {
		if !line.inputs() {
			return nil
		}
		r, err := i.azureRecord(line)
		if err != nil {
			return err
		}
		if outputs := answers[line.CorrelationID]; len(outputs) > 0 {
			r.Response, answers[line.CorrelationID] = outputs[0], outputs[1:]
			waiting--
			if r.ResponseRows, err = rowsOf(r.Response); err != nil {
				return err
			}
		}
		return to.record(r)
	})
	for range waiting {
		to.pass()
	}
	return err
}

func eachAzure(ctx context.Context, paths []string, visit func(azureLine) error) error {
	for _, path := range paths {
		err := eachLine(path, func(_ int, content []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			var line azureLine
			if err := json.Unmarshal(content, &line); err != nil || !strings.HasPrefix(line.Type, azureType) {
				return fmt.Errorf("%w: no line of Azure ML's data collector", mlops.ErrInvalid)
			}
			return visit(line)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (i Import) azureRecord(line azureLine) (record.Record, error) {
	if line.ID == "" || line.Time.IsZero() || line.CorrelationID == "" {
		return record.Record{}, fmt.Errorf("%w: it lacks id, time or correlationid", mlops.ErrInvalid)
	}
	r := scored(line.ID, line.CorrelationID, line.Time.UTC())
	if len(line.ModelVersion) > 0 {
		version, err := strconv.ParseInt(strings.Trim(string(line.ModelVersion), `"`), 10, 64)
		if err == nil && version > 0 {
			r.ModelVersion = version
		}
	}
	i.served(&r)
	if line.elsewhere() {
		r.Body = record.NotCaptured + string(record.ReasonTooLarge)
		return r, nil
	}
	var err error
	if r.Rows, err = rowsOf(line.Data); err != nil {
		return r, err
	}
	r.Data = line.Data
	if i.TimestampColumn == "" {
		return r, nil
	}
	r.ArrivalOnly = true
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal(r.Data, &rows); err == nil && len(rows) > 0 {
		if at, ok := table.ParseTime(strings.Trim(string(rows[0][i.TimestampColumn]), `"`)); ok {
			r.EventTime, r.ArrivalOnly = at, false
		}
	}
	return r, nil
}

// scored is a request that was answered, at a time.
func scored(id, correlationID string, at time.Time) record.Record {
	return record.Record{
		Schema: record.Schema, SpecVersion: record.SpecVersion, Type: record.Type, DataContentType: record.DataContentType,
		ID: id, CorrelationID: correlationID, Time: at, EventTime: at, Status: 200, Complete: true, SamplingPercentage: 100,
	}
}
