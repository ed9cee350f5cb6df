package record

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// Limits of what is made of one body.
const (
	// MaximumBatchBytes bounds the rows of one body: a form that names its columns once can be far smaller than its rows.
	MaximumBatchBytes = 4 << 20
)

// Reason is why a body has no rows. It is an error and a label; it never holds anything of the body.
type Reason string

// The reasons.
const (
	ReasonEmpty      Reason = "the body is empty"
	ReasonNotJSON    Reason = "it is not JSON in UTF-8"
	ReasonNotTabular Reason = "it is not tabular JSON"
	ReasonTooLarge   Reason = "it is too large"
	ReasonUnnamed    Reason = "its columns have no names, so redaction cannot be proved"
	ReasonIncomplete Reason = "it did not arrive whole"
	ReasonEncoding   Reason = "its content encoding is not gzip or identity"
	ReasonBudget     Reason = "too many bodies were in flight"
	ReasonStatus     Reason = "the answer is an error"
)

// Reasons lists every reason once.
var Reasons = []Reason{
	ReasonEmpty, ReasonNotJSON, ReasonNotTabular, ReasonTooLarge, ReasonUnnamed, ReasonIncomplete, ReasonEncoding, ReasonBudget, ReasonStatus,
}

func (r Reason) Error() string { return string(r) }

// Batch is the rows of one body, redacted: JSON is an array of Rows flat objects.
type Batch struct {
	Rows int64
	JSON []byte
	// first is the end of the first row in JSON, which begins at 1.
	first int
}

// Text is a cell of the first row where it is a string.
func (b Batch) Text(column string) (string, bool) {
	if b.first == 0 {
		return "", false
	}
	parser := parsers.Get()
	defer parsers.Put(parser)
	row, err := parser.ParseBytes(b.JSON[1:b.first])
	if err != nil {
		return "", false
	}
	cell := row.GetStringBytes(column)
	return string(cell), cell != nil
}

var parsers fastjson.ParserPool

// Rows finds the rows of a request: `[...]`, {"data"}, {"instances"}, {"inputs"} (also as columns and as tensors of the Open
// Inference Protocol v2), {"dataframe_split"}, {"dataframe_records"} and {"input_data"}. Rows are objects, or arrays, whose
// columns are named "0", "1", ... where the form names none. The error is a Reason.
func Rows(body []byte, redact Redaction) (Batch, error) {
	return AppendRows(nil, body, redact)
}

// AppendRows is Rows with memory to use: its JSON stands after what is in to, where there is room for it.
func AppendRows(to, body []byte, redact Redaction) (Batch, error) {
	return read(to, body, redact, requestForms, false)
}

// Predictions finds the rows of an answer: the forms of Rows, {"predictions"}, {"outputs"}, one flat object (one row), and an
// object of arrays of one length (columns). A bare value becomes the column "prediction". The error is a Reason.
func Predictions(body []byte, redact Redaction) (Batch, error) {
	return AppendPredictions(nil, body, redact)
}

// AppendPredictions is to Predictions as AppendRows is to Rows.
func AppendPredictions(to, body []byte, redact Redaction) (Batch, error) {
	return read(to, body, redact, answerForms, true)
}

func read(to, body []byte, redact Redaction, forms map[string]form, answer bool) (Batch, error) {
	if len(body) == 0 {
		return Batch{}, ReasonEmpty
	}
	if !utf8.Valid(body) {
		return Batch{}, ReasonNotJSON
	}
	if batch, ok := readUsual(slices.Grow(to, len(body)+2), body, redact, forms); ok {
		return batch, nil
	}
	return readAny(body, redact, forms, answer)
}

// readAny reads a body of every form.
func readAny(body []byte, redact Redaction, forms map[string]form, answer bool) (Batch, error) {
	parser := parsers.Get()
	defer parsers.Put(parser)
	// Parse bounds the depth, and must come first: Validate recurses as deep as it is led. Validate is strict, Parse is not.
	root, err := parser.ParseBytes(body)
	if err != nil {
		return Batch{}, ReasonNotJSON
	}
	if err := fastjson.ValidateBytes(body); err != nil {
		return Batch{}, ReasonNotJSON
	}
	w := &writer{redact: redact, answer: answer, out: make([]byte, 0, len(body)+2)}
	w.out = append(w.out, '[')
	if err := w.find(root, forms); err != nil {
		return Batch{}, err
	}
	w.out = append(w.out, ']')
	return Batch{Rows: w.rows, JSON: w.out, first: w.first}, nil
}

// writer writes rows as flat objects, without redacted columns.
type writer struct {
	redact Redaction
	answer bool
	out    []byte
	rows   int64
	first  int
	cells  int // of the row that is being written
}

func (w *writer) beginRow() {
	if w.rows > 0 {
		w.out = append(w.out, ',')
	}
	w.out = append(w.out, '{')
	w.cells = 0
}

func (w *writer) endRow() error {
	w.out = append(w.out, '}')
	w.rows++
	if w.rows == 1 {
		w.first = len(w.out)
	}
	if len(w.out) > MaximumBatchBytes {
		return ReasonTooLarge
	}
	return nil
}

// cell writes one cell of a row unless it is redacted.
func (w *writer) cell(name string, value *fastjson.Value) {
	if w.redact.Has(name) {
		return
	}
	if w.cells > 0 {
		w.out = append(w.out, ',')
	}
	w.cells++
	w.out = appendString(w.out, name)
	w.out = append(w.out, ':')
	w.value(value)
}

// value writes a value; what is redacted is left out at every depth.
func (w *writer) value(value *fastjson.Value) {
	switch value.Type() {
	case fastjson.TypeString:
		w.out = appendString(w.out, string(value.GetStringBytes()))
	case fastjson.TypeArray:
		w.out = append(w.out, '[')
		for i, element := range value.GetArray() {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			w.value(element)
		}
		w.out = append(w.out, ']')
	case fastjson.TypeObject:
		outer := w.cells
		w.cells = 0
		w.out = append(w.out, '{')
		value.GetObject().Visit(func(key []byte, member *fastjson.Value) { w.cell(string(key), member) })
		w.out = append(w.out, '}')
		w.cells = outer
	default:
		w.out = value.MarshalTo(w.out)
	}
}

// appendString quotes as JSON wants it; fastjson itself quotes as Go does.
func appendString(to []byte, text string) []byte {
	plain := utf8.ValidString(text)
	for i := 0; plain && i < len(text); i++ {
		plain = text[i] >= 0x20 && text[i] != '"' && text[i] != '\\'
	}
	if plain {
		to = append(to, '"')
		to = append(to, text...)
		return append(to, '"')
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return append(to, `""`...) // a string can always be marshalled
	}
	return append(to, quoted...)
}
