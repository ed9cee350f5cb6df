package record

import (
	"math"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/flatjson"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// answer collects the predictions. Which column they are is fixed by the first answer that has one.
type answer struct {
	names   []string
	name    string
	numbers *cells
	text    *cells // nil while all were numbers or null: then it is not needed
	rows    int
	found   bool
}

func newAnswer(label string) answer {
	names := slices.Clone(predictionNames)
	if label != "" {
		names = append(names, label)
	}
	return answer{names: names, numbers: newCells(mlops.TypeNumber)}
}

// addFlat adds the answer to one row where it is one flat object with the prediction under the name that is known already.
func (a *answer) addFlat(rows int, answers *flatRows) bool {
	if a.name == "" || rows != 1 || len(answers.Ends) != 1 {
		return false
	}
	var value *flatjson.Member
	for i := range answers.Members {
		if m := &answers.Members[i]; string(answers.json[m.Key:m.KeyEnd]) == a.name {
			if value != nil {
				return false
			}
			value = m
		}
	}
	if value == nil {
		return false
	}
	a.set(a.rows, a.numbers.scalarOf(answers.json, value))
	a.rows++
	return true
}

func (a *answer) set(row int, value scalar) {
	plain := value.kind == flatjson.Null || value.kind == flatjson.Number && !math.IsInf(value.number, 0) && !math.IsNaN(value.number)
	if !plain && a.text == nil {
		a.text = a.written()
	}
	a.numbers.set(row, value)
	if a.text == nil {
		a.found = a.found || value.kind == flatjson.Number
		return
	}
	a.text.set(row, value)
	a.found = a.found || !a.text.null[row]
}

// written is the numbers so far as categories.
func (a *answer) written() *cells {
	text := newCells(mlops.TypeCategory)
	for row, null := range a.numbers.null {
		if null {
			text.fill(row + 1)
		} else {
			text.set(row, scalar{kind: flatjson.Number, number: a.numbers.numbers[row]})
		}
	}
	return text
}

func (a *answer) add(rows int, answers []*fastjson.Object) {
	if len(answers) == rows {
		for i, row := range answers {
			if a.name == "" {
				a.name = a.choose(row)
			}
			if value := row.Get(a.name); a.name != "" && value != nil {
				a.set(a.rows+i, scalarOf(value))
			}
		}
	}
	a.rows += rows
}

func (a *answer) choose(row *fastjson.Object) string {
	for _, name := range a.names {
		if row.Get(name) != nil {
			return name
		}
	}
	only := ""
	if row.Len() == 1 {
		row.Visit(func(key []byte, _ *fastjson.Value) { only = string(key) })
	}
	return only
}

func (a *answer) input() *stats.Input {
	if !a.found {
		return nil
	}
	a.numbers.fill(a.rows)
	chosen := a.numbers
	if a.numbers.typeErrors > 0 {
		a.text.fill(a.rows)
		chosen = a.text
	}
	input := chosen.input(a.name)
	return &input
}
