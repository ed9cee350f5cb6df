package record

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Limits of one call of feedback.
const (
	MaximumFeedbackBytes = 4 << 20
	maximumRow           = 10_000_000
	longestLabel         = 1024 // bytes of a label's JSON
	longestCorrelationID = 128
)

// Feedback is the labels of one request, as one call named them.
type Feedback struct {
	CorrelationID string
	Labels        []Label
}

// ParseFeedback reads {"correlation_id": ..., "row": ..., "label": ...} or {"labels": [{...}, ...]} and gathers the labels by
// request, in order of first mention. What is wrong is mlops.ErrInvalid and names the member, never a value.
func ParseFeedback(body []byte) ([]Feedback, error) {
	parser := parsers.Get()
	defer parsers.Put(parser)
	root, err := parser.ParseBytes(body)
	if err == nil {
		err = fastjson.ValidateBytes(body)
	}
	if err != nil || !utf8.Valid(body) {
		return nil, feedbackFault(`the body is not JSON: send {"correlation_id": "...", "label": ...} or {"labels": [...]}`)
	}
	object := root.GetObject()
	if object == nil {
		return nil, feedbackFault(`the body is no object: send {"correlation_id": "...", "label": ...} or {"labels": [...]}`)
	}
	many := object.Get("labels")
	if many == nil {
		correlationID, label, err := feedbackLabel(object, "")
		return []Feedback{{CorrelationID: correlationID, Labels: []Label{label}}}, err
	}
	if object.Len() != 1 {
		return nil, feedbackFault(`labels stands alone: put correlation_id, row and label into its entries`)
	}
	if many.Type() != fastjson.TypeArray || len(many.GetArray()) == 0 {
		return nil, feedbackFault(`labels: give an array with at least one {"correlation_id": "...", "label": ...}`)
	}
	var gathered []Feedback
	index := map[string]int{}
	for i, entry := range many.GetArray() {
		at := "labels." + strconv.Itoa(i)
		if entry.Type() != fastjson.TypeObject {
			return nil, feedbackFault(at + `: give an object with correlation_id and label`)
		}
		correlationID, label, err := feedbackLabel(entry.GetObject(), at+".")
		if err != nil {
			return nil, err
		}
		known, ok := index[correlationID]
		if !ok {
			known = len(gathered)
			index[correlationID] = known
			gathered = append(gathered, Feedback{CorrelationID: correlationID})
		}
		gathered[known].Labels = append(gathered[known].Labels, label)
	}
	return gathered, nil
}

func feedbackFault(text string) error { return fmt.Errorf("%w: %s", mlops.ErrInvalid, text) }

// feedbackLabel reads one entry; at is its path, with a dot at the end.
func feedbackLabel(entry *fastjson.Object, at string) (correlationID string, label Label, err error) {
	seen := map[string]*fastjson.Value{}
	entry.Visit(func(key []byte, value *fastjson.Value) {
		name := string(key)
		switch _, twice := seen[name]; {
		case err != nil:
		case name != "correlation_id" && name != "row" && name != "label":
			err = feedbackFault(fmt.Sprintf("%s%.40q is not known: an entry has correlation_id, label and, where a request had several rows, row", at, name))
		case twice:
			err = feedbackFault(at + name + " stands twice")
		}
		seen[name] = value
	})
	if err != nil {
		return "", Label{}, err
	}
	id := seen["correlation_id"]
	if id == nil || id.Type() != fastjson.TypeString || !PrintableID(string(id.GetStringBytes())) {
		return "", Label{}, feedbackFault(fmt.Sprintf("%scorrelation_id: give the x-correlation-id of the answer, 1 to %d printable characters", at, longestCorrelationID))
	}
	if row := seen["row"]; row != nil {
		number, err := row.Int64()
		if err != nil || number < 0 || number > maximumRow {
			return "", Label{}, feedbackFault(at + "row: give the number of the request's row, counted from 0")
		}
		label.Row = &number
	}
	value := seen["label"]
	if value == nil || value.Type() == fastjson.TypeNull {
		return "", Label{}, feedbackFault(at + "label: give the true outcome; leave the entry out until it is known")
	}
	if kind := value.Type(); kind == fastjson.TypeObject || kind == fastjson.TypeArray {
		return "", Label{}, feedbackFault(at + "label: give a string, a number or a boolean; one entry for each row")
	}
	label.Value = labelJSON(value)
	if len(label.Value) > longestLabel {
		return "", Label{}, feedbackFault(fmt.Sprintf("%slabel: it is longer than %d bytes", at, longestLabel))
	}
	return string(id.GetStringBytes()), label, nil
}

// labelJSON is a copy of a scalar as JSON.
func labelJSON(value *fastjson.Value) []byte {
	if value.Type() == fastjson.TypeString {
		return appendString(nil, string(value.GetStringBytes()))
	}
	return value.MarshalTo(nil)
}

// PrintableID says whether a correlation id can stand in headers and records: 1 to 128 printable characters without a blank.
func PrintableID(id string) bool {
	if id == "" || len(id) > longestCorrelationID {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}
