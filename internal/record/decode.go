package record

import (
	"encoding/json"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/flatjson"
)

// decodeUsual reads a line as collectors write it: every field once, by its own name, with a value of its own kind. Of any other
// line it reads nothing that counts, and encoding/json has the say; of this one both read the same.
func decodeUsual(line []byte) (r Record, usual bool) {
	var s flatjson.Scanner
	if !s.Open(line) {
		return r, false
	}
	var seen uint32
	for s.Next() {
		place, ok := decodeField(&r, &s)
		if !ok || seen&(1<<place) != 0 {
			return r, false
		}
		seen |= 1 << place
	}
	rest, ok := s.End()
	return r, ok && len(rest) == 0
}

// decodeField reads the member at which the scanner stands; place tells the fields apart.
func decodeField(r *Record, s *flatjson.Scanner) (place int, ok bool) {
	switch string(s.Key) {
	case "schema":
		return 0, decodeText(&r.Schema, s, Schema)
	case "specversion":
		return 1, decodeText(&r.SpecVersion, s, SpecVersion)
	case "id":
		return 2, decodeText(&r.ID, s, "")
	case "source":
		return 3, decodeText(&r.Source, s, "")
	case "type":
		return 4, decodeText(&r.Type, s, Type)
	case "time":
		return 5, decodeTime(&r.Time, s)
	case "datacontenttype":
		return 6, decodeText(&r.DataContentType, s, DataContentType)
	case "correlationid":
		return 7, decodeText(&r.CorrelationID, s, "")
	case "eventtime":
		return 8, decodeTime(&r.EventTime, s)
	case "arrivalonly":
		return 9, decodeBoolean(&r.ArrivalOnly, s)
	case "deployment":
		return 10, decodeText(&r.Deployment, s, "")
	case "model":
		return 11, decodeText(&r.Model, s, "")
	case "modelversion":
		r.ModelVersion, ok = quotedInteger(s)
		return 12, ok
	case "instance":
		return 13, decodeText(&r.Instance, s, "")
	case "path":
		return 14, decodeText(&r.Path, s, "")
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
		return 18, decodeText(&r.Error, s, "")
	case "samplingpercentage":
		percentage, ok := integer(s)
		r.SamplingPercentage = int(percentage)
		return 19, ok
	case "rows":
		r.Rows, ok = integer(s)
		return 20, ok
	case "data":
		r.Data = json.RawMessage(s.Value)
		return 21, s.Kind == flatjson.Nested
	case "body":
		return 22, decodeText(&r.Body, s, "")
	case "requestbytes":
		r.RequestBytes, ok = integer(s)
		return 23, ok
	case "responserows":
		r.ResponseRows, ok = integer(s)
		return 24, ok
	case "response":
		r.Response = json.RawMessage(s.Value)
		return 25, s.Kind == flatjson.Nested
	case "responsebody":
		return 26, decodeText(&r.ResponseBody, s, "")
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

// decodeText reads a text, without making another of the one that is expected.
func decodeText(to *string, s *flatjson.Scanner, expected string) bool {
	if string(s.Value) == expected {
		*to = expected
	} else {
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
