package record

import (
	"strconv"

	"github.com/valyala/fastjson"
)

// form reads the rows below one member of a body; root is the body.
type form func(w *writer, root, value *fastjson.Value) error

// requestForms are the members that hold rows, by name.
var requestForms = map[string]form{
	"data":              dataForm,
	"instances":         rowsForm,
	"inputs":            inputsForm,
	"input_data":        inputDataForm,
	"dataframe_split":   splitForm,
	"dataframe_records": rowsForm,
}

// answerForms are those of requests and what servers answer with.
var answerForms = map[string]form{
	"data":              dataForm,
	"instances":         rowsForm,
	"inputs":            inputsForm,
	"input_data":        inputDataForm,
	"dataframe_split":   splitForm,
	"dataframe_records": rowsForm,
	"predictions":       inputsForm,
	"outputs":           inputsForm,
}

// find picks the form by the body's members. Two of them at once are no form: which one the model reads is not ours to guess.
func (w *writer) find(root *fastjson.Value, forms map[string]form) error {
	if root.Type() == fastjson.TypeArray {
		return w.array(root.GetArray(), nil)
	}
	object := root.GetObject()
	if object == nil {
		return ReasonNotTabular
	}
	var chosen form
	var value *fastjson.Value
	hits := 0
	object.Visit(func(key []byte, member *fastjson.Value) {
		if found, ok := forms[string(key)]; ok {
			chosen, value = found, member
			hits++
		}
	})
	switch {
	case hits == 1:
		return chosen(w, root, value)
	case hits == 0 && w.answer:
		return w.bareAnswer(object)
	default:
		return ReasonNotTabular
	}
}

// bareAnswer reads one flat object as one row, or an object of arrays as columns.
func (w *writer) bareAnswer(object *fastjson.Object) error {
	arrays, scalars := 0, 0
	object.Visit(func(_ []byte, member *fastjson.Value) {
		switch member.Type() {
		case fastjson.TypeArray:
			arrays++
		case fastjson.TypeObject:
		default:
			scalars++
		}
	})
	switch object.Len() {
	case 0:
		return ReasonNotTabular
	case scalars:
		return w.object(object)
	case arrays:
		return w.columnObject(object)
	default:
		return ReasonNotTabular
	}
}

func rowsForm(w *writer, _, value *fastjson.Value) error {
	if value.Type() != fastjson.TypeArray {
		return ReasonNotTabular
	}
	return w.array(value.GetArray(), nil)
}

// dataForm is rows, with their names beside them where there is "columns".
func dataForm(w *writer, root, value *fastjson.Value) error {
	if root.Exists("columns") {
		return splitForm(w, root, root)
	}
	return rowsForm(w, root, value)
}

// inputDataForm is what Azure ML sends to MLflow models: split, or rows.
func inputDataForm(w *writer, root, value *fastjson.Value) error {
	if value.Type() == fastjson.TypeObject {
		return splitForm(w, root, value)
	}
	return rowsForm(w, root, value)
}

// splitForm is {"columns": [names], "data": [[cells], ...]}.
func splitForm(w *writer, _, value *fastjson.Value) error {
	columns, data := value.Get("columns"), value.Get("data")
	if columns == nil || data == nil || columns.Type() != fastjson.TypeArray || data.Type() != fastjson.TypeArray {
		return ReasonNotTabular
	}
	names := make([]string, 0, len(columns.GetArray()))
	for _, column := range columns.GetArray() {
		switch column.Type() {
		case fastjson.TypeString:
			names = append(names, string(column.GetStringBytes()))
		case fastjson.TypeNumber:
			names = append(names, column.String())
		default:
			return ReasonNotTabular
		}
	}
	for _, row := range data.GetArray() {
		if row.Type() != fastjson.TypeArray {
			return ReasonNotTabular
		}
	}
	return w.array(data.GetArray(), names)
}

// inputsForm is tensors (v2), an object of columns, or rows.
func inputsForm(w *writer, root, value *fastjson.Value) error {
	if value.Type() == fastjson.TypeObject {
		return w.columnObject(value.GetObject())
	}
	elements := value.GetArray()
	if len(elements) > 0 && elements[0].Exists("name") && elements[0].Exists("shape") && elements[0].Exists("datatype") {
		return w.tensors(elements)
	}
	return rowsForm(w, root, value)
}

// array writes elements that are all objects, all arrays of one length or, in an answer, all bare values.
func (w *writer) array(elements []*fastjson.Value, names []string) error {
	if len(elements) == 0 {
		return nil
	}
	switch elements[0].Type() {
	case fastjson.TypeObject:
		return w.objects(elements)
	case fastjson.TypeArray:
		return w.matrix(elements, names)
	default:
		return w.values(elements)
	}
}

func (w *writer) objects(elements []*fastjson.Value) error {
	for _, element := range elements {
		if element.Type() != fastjson.TypeObject {
			return ReasonNotTabular
		}
		if err := w.object(element.GetObject()); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) object(object *fastjson.Object) error {
	w.beginRow()
	object.Visit(func(key []byte, member *fastjson.Value) { w.cell(string(key), member) })
	return w.endRow()
}

func (w *writer) matrix(rows []*fastjson.Value, names []string) error {
	if names == nil {
		if !w.redact.Empty() {
			return ReasonUnnamed
		}
		names = positions(len(rows[0].GetArray()))
	}
	for _, row := range rows {
		if row.Type() != fastjson.TypeArray || len(row.GetArray()) != len(names) {
			return ReasonNotTabular
		}
		w.beginRow()
		for i, cell := range row.GetArray() {
			w.cell(names[i], cell)
		}
		if err := w.endRow(); err != nil {
			return err
		}
	}
	return nil
}

// predictionColumn is the name of an answer's bare values.
const predictionColumn = "prediction"

func (w *writer) values(values []*fastjson.Value) error {
	if !w.answer {
		return ReasonNotTabular
	}
	for _, value := range values {
		if kind := value.Type(); kind == fastjson.TypeArray || kind == fastjson.TypeObject {
			return ReasonNotTabular
		}
		w.beginRow()
		w.cell(predictionColumn, value)
		if err := w.endRow(); err != nil {
			return err
		}
	}
	return nil
}

// column is a name and its cells; redacted ones are not kept.
type column struct {
	name  string
	cells []*fastjson.Value
}

func (w *writer) columns(columns []column, rows int) error {
	for row := range rows {
		w.beginRow()
		for _, column := range columns {
			w.cell(column.name, column.cells[row])
		}
		if err := w.endRow(); err != nil {
			return err
		}
	}
	return nil
}

// columnObject is {"name": [cells], ...}, all of one length.
func (w *writer) columnObject(object *fastjson.Object) error {
	var columns []column
	tabular := object.Len() > 0
	object.Visit(func(key []byte, member *fastjson.Value) {
		tabular = tabular && member.Type() == fastjson.TypeArray
		columns = append(columns, column{name: string(key), cells: member.GetArray()})
	})
	if !tabular {
		return ReasonNotTabular
	}
	for _, column := range columns {
		if len(column.cells) != len(columns[0].cells) {
			return ReasonNotTabular
		}
	}
	return w.columns(columns, len(columns[0].cells))
}

func positions(count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}
