package record

import (
	"strconv"

	"github.com/valyala/fastjson"
)

// tensors are the columns of the Open Inference Protocol v2: a tensor of n or n x 1 is one column; one of n x k is k columns
// named "name[0]", "name[1]", ...
func (w *writer) tensors(elements []*fastjson.Value) error {
	var columns []column
	rows := -1
	for _, element := range elements {
		name, data := element.GetStringBytes("name"), element.Get("data")
		if name == nil || data == nil || data.Type() != fastjson.TypeArray {
			return ReasonNotTabular
		}
		cells := flatten(nil, data.GetArray())
		length, width, ok := shapeOf(element.GetArray("shape"), len(cells))
		if !ok || rows >= 0 && length != rows {
			return ReasonNotTabular
		}
		rows = length
		if width == 1 {
			columns = append(columns, column{name: string(name), cells: cells})
			continue
		}
		if !w.redact.Empty() && !w.redact.Has(string(name)) {
			return ReasonUnnamed
		}
		if w.redact.Has(string(name)) {
			continue
		}
		if width*len(name) > MaximumBatchBytes {
			return ReasonTooLarge
		}
		columns = append(columns, strided(string(name), cells, length, width)...)
	}
	return w.columns(columns, rows)
}

func strided(name string, cells []*fastjson.Value, length, width int) []column {
	columns := make([]column, width)
	for i := range columns {
		columns[i] = column{name: name + "[" + strconv.Itoa(i) + "]", cells: make([]*fastjson.Value, 0, length)}
	}
	for i, cell := range cells {
		columns[i%width].cells = append(columns[i%width].cells, cell)
	}
	return columns
}

// shapeOf says how many rows, and columns to a row, a tensor of so many cells has.
func shapeOf(shape []*fastjson.Value, cells int) (length, width int, ok bool) {
	if len(shape) == 0 {
		return 0, 0, false
	}
	width = 1
	for i, dimension := range shape {
		size, err := dimension.Int()
		if err != nil || size < 0 || size > cells {
			return 0, 0, false
		}
		if i == 0 {
			length = size
			continue
		}
		if width *= size; width > cells {
			return 0, 0, false
		}
	}
	return length, width, length*width == cells && (width > 0 || length == 0)
}

// flatten reads nested arrays row by row.
func flatten(to, values []*fastjson.Value) []*fastjson.Value {
	for _, value := range values {
		if value.Type() == fastjson.TypeArray {
			to = flatten(to, value.GetArray())
		} else {
			to = append(to, value)
		}
	}
	return to
}
