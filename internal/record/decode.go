package record

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/flatjson"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Decode reads one line; Data and Response of the record are parts of it. A document of another schema is mlops.ErrNotFound: readers pass over it.
func Decode(line []byte) (Record, error) {
	var d Decoder
	return d.Decode(line)
}

// Decoder reads one line after the other: what a line says as the one before it did, it does not read again, and of rows it
// notes where their cells are, so that a Builder that is given the record before the next one is read need not look for them.
type Decoder struct {
	scanner flatjson.Scanner
	last    Record   // as far as it has been read, without rows
	time    []byte   // as last.Time was written: event times are mostly written the same
	seen    uint32   // the fields of last
	members []member // of last, in order
	found   *found
}

// member is a field as it was written, with the comma before it; rows are not kept.
type member struct {
	written []byte
	place   int
}

// NewDecoder starts before the first line.
func NewDecoder() *Decoder { return &Decoder{found: &found{}} }

// Decode is the function Decode. The line must not change while the record is used.
func (d *Decoder) Decode(line []byte) (Record, error) {
	r, usual := d.usual(line)
	if !usual {
		var err error
		if r, err = decodeAny(line); err != nil {
			return Record{}, err
		}
	}
	if r.Schema != Schema {
		return Record{}, fmt.Errorf("document of schema %q: no inference record: %w", r.Schema, mlops.ErrNotFound)
	}
	if r.Deployment == "" || r.Instance == "" || r.Sequence < 1 || r.EventTime.IsZero() {
		return Record{}, fmt.Errorf("%w: inference record without deployment, instance, sequence or event time", mlops.ErrInvalid)
	}
	return r, nil
}

func decodeAny(line []byte) (r Record, err error) {
	if err := json.Unmarshal(line, &r); err != nil {
		return Record{}, fmt.Errorf("%w: not an inference record: %w", mlops.ErrInvalid, err)
	}
	return r, nil
}

// usual reads a line as collectors write it: every field once, by its own name, with a value of its own kind. Of any other
// line it reads nothing that counts, and encoding/json has the say; of this one both read the same.
func (d *Decoder) usual(line []byte) (Record, bool) {
	before := d.seen
	seen, ok := d.fields(line)
	if ok && before != 0 && seen != before { // last has values of fields that this line may not have
		d.forget()
		seen, ok = d.fields(line)
	}
	if !ok {
		d.forget()
		return Record{}, false
	}
	d.seen = seen
	return d.last, true
}

func (d *Decoder) forget() {
	d.last, d.time, d.seen, d.members = Record{found: d.found}, nil, 0, d.members[:0]
}

func (d *Decoder) fields(line []byte) (seen uint32, ok bool) {
	s := &d.scanner
	if d.found != nil {
		d.last.found, d.found.data.json, d.found.response.json = d.found, nil, nil
	}
	if !s.Open(line) {
		return 0, false
	}
	for i := 0; ; i++ {
		place, start := 0, s.At()
		if i < len(d.members) && s.Same(d.members[i].written) {
			place = d.members[i].place
		} else {
			if !s.NextKey() {
				break
			}
			if place, ok = d.field(); !ok {
				return 0, false
			}
			if d.found != nil {
				d.keep(i, place, line[start:s.At()])
			}
		}
		if seen&(1<<place) != 0 {
			return 0, false
		}
		seen |= 1 << place
	}
	rest, ok := s.End()
	return seen, ok && len(rest) == 0
}

func (d *Decoder) keep(i, place int, written []byte) {
	if i == len(d.members) {
		d.members = append(d.members, member{})
	}
	if place == placeOfData || place == placeOfResponse {
		written = nil
	}
	d.members[i].place, d.members[i].written = place, append(d.members[i].written[:0], written...)
}

// field reads the value of the field whose name was read.
func (d *Decoder) field() (place int, ok bool) {
	s := &d.scanner
	if d.found != nil {
		var rows *flatRows
		switch string(s.Key) {
		case "data":
			rows = &d.found.data
		case "response":
			rows = &d.found.response
		}
		if rows != nil && s.Rows(&rows.Rows) {
			rows.json = s.Value
			return d.decodeField()
		}
	}
	if !s.ReadValue() {
		return 0, false
	}
	return d.decodeField()
}

// The fields that hold rows.
const (
	placeOfData     = 21
	placeOfResponse = 25
)

// decodeField reads the member at which the scanner stands; place tells the fields apart.
func (d *Decoder) decodeField() (place int, ok bool) {
	r, s := &d.last, &d.scanner
	switch string(s.Key) {
	case "schema":
		return 0, decodeText(&r.Schema, s)
	case "specversion":
		return 1, decodeText(&r.SpecVersion, s)
	case "id":
		return 2, decodeText(&r.ID, s)
	case "source":
		return 3, decodeText(&r.Source, s)
	case "type":
		return 4, decodeText(&r.Type, s)
	case "time":
		d.time = append(d.time[:0], s.Value...)
		return 5, decodeTime(&r.Time, s)
	case "datacontenttype":
		return 6, decodeText(&r.DataContentType, s)
	case "correlationid":
		return 7, decodeText(&r.CorrelationID, s)
	case "eventtime":
		if s.Kind == flatjson.Text && len(s.Value) > 0 && string(s.Value) == string(d.time) {
			r.EventTime = r.Time
			return 8, true
		}
		return 8, decodeTime(&r.EventTime, s)
	case "arrivalonly":
		return 9, decodeBoolean(&r.ArrivalOnly, s)
	case "deployment":
		return 10, decodeText(&r.Deployment, s)
	case "model":
		return 11, decodeText(&r.Model, s)
	case "modelversion":
		r.ModelVersion, ok = quotedInteger(s)
		return 12, ok
	case "instance":
		return 13, decodeText(&r.Instance, s)
	case "path":
		return 14, decodeText(&r.Path, s)
	case "status":
		status, ok := integer(s)
		r.Status = int(status)
		return 15, ok
	case "latencyms":
		r.LatencyMS, ok = s.Float()
		return 16, ok && s.Kind == flatjson.Number
	case "complete":
		return 17, decodeBoolean(&r.Complete, s)
	case "error":
		return 18, decodeText(&r.Error, s)
	case "samplingpercentage":
		percentage, ok := integer(s)
		r.SamplingPercentage = int(percentage)
		return 19, ok
	case "rows":
		r.Rows, ok = integer(s)
		return 20, ok
	case "data":
		r.Data = json.RawMessage(s.Value)
		return placeOfData, s.Kind == flatjson.Nested
	case "body":
		return 22, decodeText(&r.Body, s)
	case "requestbytes":
		r.RequestBytes, ok = integer(s)
		return 23, ok
	case "responserows":
		r.ResponseRows, ok = integer(s)
		return 24, ok
	case "response":
		r.Response = json.RawMessage(s.Value)
		return placeOfResponse, s.Kind == flatjson.Nested
	case "responsebody":
		return 26, decodeText(&r.ResponseBody, s)
	case "responsebytes":
		r.ResponseBytes, ok = integer(s)
		return 27, ok
	case "sequence":
		r.Sequence, ok = integer(s)
		return 28, ok
	default:
		return 0, false
	}
}

// decodeText reads a text, without making another of the one that is there.
func decodeText(to *string, s *flatjson.Scanner) bool {
	if string(s.Value) != *to {
		*to = string(s.Value)
	}
	return s.Kind == flatjson.Text
}

func decodeBoolean(to *bool, s *flatjson.Scanner) bool {
	*to = s.Kind == flatjson.True
	return s.Kind == flatjson.True || s.Kind == flatjson.False
}

func integer(s *flatjson.Scanner) (int64, bool) {
	if s.Kind != flatjson.Number {
		return 0, false
	}
	return s.Integer()
}

// quotedInteger reads a number that stands in quotes, as a model's version does.
func quotedInteger(s *flatjson.Scanner) (number int64, ok bool) {
	if s.Kind != flatjson.Text || len(s.Value) == 0 || len(s.Value) > 18 || s.Value[0] == '0' {
		return 0, false
	}
	for _, digit := range s.Value {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		number = number*10 + int64(digit-'0')
	}
	return number, true
}

func decodeTime(to *time.Time, s *flatjson.Scanner) bool {
	return s.Kind == flatjson.Text && to.UnmarshalText(s.Value) == nil
}
