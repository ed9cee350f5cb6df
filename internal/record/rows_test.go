package record

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// Every accepted form of a request comes to the same rows.
func TestRowsOfEveryForm(t *testing.T) {
	const named = `[{"x":1,"y":"a"},{"x":2,"y":"b"}]`
	const unnamed = `[{"0":1,"1":"a"},{"0":2,"1":"b"}]`
	forms := map[string]struct{ body, want string }{
		"array of objects":       {`[{"x":1,"y":"a"},{"x":2,"y":"b"}]`, named},
		"array of arrays":        {`[[1,"a"],[2,"b"]]`, unnamed},
		"data":                   {`{"data":[{"x":1,"y":"a"},{"x":2,"y":"b"}],"id":7}`, named},
		"data, arrays":           {`{"data":[[1,"a"],[2,"b"]]}`, unnamed},
		"data with columns":      {`{"columns":["x","y"],"data":[[1,"a"],[2,"b"]]}`, named},
		"instances":              {`{"instances":[{"x":1,"y":"a"},{"x":2,"y":"b"}]}`, named},
		"inputs, rows":           {`{"inputs":[{"x":1,"y":"a"},{"x":2,"y":"b"}]}`, named},
		"inputs, columns":        {`{"inputs":{"x":[1,2],"y":["a","b"]}}`, named},
		"tensors, one dimension": {`{"inputs":[{"name":"x","shape":[2],"datatype":"INT64","data":[1,2]},{"name":"y","shape":[2],"datatype":"BYTES","data":["a","b"]}]}`, named},
		"tensors, n by 1":        {`{"inputs":[{"name":"x","shape":[2,1],"datatype":"INT64","data":[[1],[2]]},{"name":"y","shape":[2,1],"datatype":"BYTES","data":["a","b"]}]}`, named},
		"tensor, n by k":         {`{"inputs":[{"name":"x","shape":[2,2],"datatype":"INT64","data":[1,2,3,4]}]}`, `[{"x[0]":1,"x[1]":2},{"x[0]":3,"x[1]":4}]`},
		"dataframe_split":        {`{"dataframe_split":{"columns":["x","y"],"index":[0,1],"data":[[1,"a"],[2,"b"]]}}`, named},
		"dataframe_records":      {`{"dataframe_records":[{"x":1,"y":"a"},{"x":2,"y":"b"}]}`, named},
		"input_data, split":      {`{"input_data":{"columns":["x","y"],"data":[[1,"a"],[2,"b"]]}}`, named},
		"input_data, rows":       {`{"input_data":[{"x":1,"y":"a"},{"x":2,"y":"b"}]}`, named},
		"white space":            {" [ {\n\"x\" : 1 , \"y\" : \"a\" } , {\"x\":2,\"y\":\"b\"} ]\n", named},
		"no rows":                {`{"data":[]}`, `[]`},
		"nested cells stay":      {`[{"x":{"deep":[1,null,true]}}]`, `[{"x":{"deep":[1,null,true]}}]`},
		"every escape":           {`[{"x\"\\":"a\"\\\b\f\n\r\t\u0001\u00e9\ud83d\ude00"}]`, `[{"x\"\\":"a\"\\\u0008\u000c\n\r\t\u0001é😀"}]`},
		"numbers as written":     {`[{"x":-0.10e+3,"y":12345678901234567890}]`, `[{"x":-0.10e+3,"y":12345678901234567890}]`},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			batch, err := Rows([]byte(form.body), Redaction{})
			if err != nil {
				t.Fatalf("rows: %v", err)
			}
			if !sameJSON(t, batch.JSON, form.want) {
				t.Errorf("rows are %s, want %s", batch.JSON, form.want)
			}
			if want := int64(len(decodeRows(t, batch.JSON))); batch.Rows != want {
				t.Errorf("counted %d rows, want %d", batch.Rows, want)
			}
		})
	}
}

func TestPredictionsOfEveryForm(t *testing.T) {
	forms := map[string]struct{ body, want string }{
		"predictions, objects": {`{"predictions":[{"late":true,"probability":0.7}],"model_version":"3"}`, `[{"late":true,"probability":0.7}]`},
		"predictions, values":  {`{"predictions":[0.1,0.2]}`, `[{"prediction":0.1},{"prediction":0.2}]`},
		"predictions, columns": {`{"predictions":{"p":[0.1,0.2]}}`, `[{"p":0.1},{"p":0.2}]`},
		"predictions, arrays":  {`{"predictions":[[0.9,0.1]]}`, `[{"0":0.9,"1":0.1}]`},
		"outputs, tensors":     {`{"model_name":"m","outputs":[{"name":"p","shape":[2],"datatype":"FP64","data":[0.1,0.2]}]}`, `[{"p":0.1},{"p":0.2}]`},
		"values":               {`["yes","no"]`, `[{"prediction":"yes"},{"prediction":"no"}]`},
		"one flat object":      {`{"late":true,"probability":0.7}`, `[{"late":true,"probability":0.7}]`},
		"object of arrays":     {`{"late":[true,false],"probability":[0.7,0.1]}`, `[{"late":true,"probability":0.7},{"late":false,"probability":0.1}]`},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			batch, err := Predictions([]byte(form.body), Redaction{})
			if err != nil {
				t.Fatalf("predictions: %v", err)
			}
			if !sameJSON(t, batch.JSON, form.want) {
				t.Errorf("predictions are %s, want %s", batch.JSON, form.want)
			}
		})
	}
}

// What is not tabular JSON for certain has no rows, and the reason holds nothing of it.
func TestOtherBodiesHaveNoRows(t *testing.T) {
	bodies := map[string]struct {
		body string
		want Reason
	}{
		"empty":                    {``, ReasonEmpty},
		"text":                     {`hello`, ReasonNotJSON},
		"not a number":             {`[{"x":NaN}]`, ReasonNotJSON},
		"two numbers in one":       {`[{"x":1-2}]`, ReasonNotJSON},
		"trailing text":            {`[{"x":1}] [`, ReasonNotJSON},
		"cut short":                {`{"data":[{"x":1},{"x"`, ReasonNotJSON},
		"not UTF-8":                {"[{\"x\":\"\xff\"}]", ReasonNotJSON},
		"too deep":                 {strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), ReasonNotJSON},
		"form":                     {`x=1&y=a`, ReasonNotJSON},
		"a value":                  {`12`, ReasonNotTabular},
		"one object":               {`{"x":1,"y":"a"}`, ReasonNotTabular},
		"bare values":              {`[1,2,3]`, ReasonNotTabular},
		"mixed rows":               {`[{"x":1},[2]]`, ReasonNotTabular},
		"ragged rows":              {`[[1,2],[3]]`, ReasonNotTabular},
		"null":                     {`{"data":null}`, ReasonNotTabular},
		"data is an object":        {`{"data":{"ndarray":[[1]]}}`, ReasonNotTabular},
		"two forms":                {`{"data":[{"x":1}],"instances":[{"x":2}]}`, ReasonNotTabular},
		"one form twice":           {`{"data":[{"x":1}],"data":[{"x":2}]}`, ReasonNotTabular},
		"columns of two lengths":   {`{"inputs":{"x":[1,2],"y":["a"]}}`, ReasonNotTabular},
		"too few cells":            {`{"dataframe_split":{"columns":["x","y"],"data":[[1]]}}`, ReasonNotTabular},
		"column levels":            {`{"dataframe_split":{"columns":[["a","x"]],"data":[[1]]}}`, ReasonNotTabular},
		"tensor of another shape":  {`{"inputs":[{"name":"x","shape":[3],"datatype":"INT64","data":[1,2]}]}`, ReasonNotTabular},
		"tensor of a huge shape":   {`{"inputs":[{"name":"x","shape":[4294967296,4294967296],"datatype":"INT64","data":[]}]}`, ReasonNotTabular},
		"tensor of negative shape": {`{"inputs":[{"name":"x","shape":[-1,-1],"datatype":"INT64","data":[1]}]}`, ReasonNotTabular},
		"tensor outside the body":  {`{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}]}`, ReasonNotTabular},
		"a bomb":                   {`{"dataframe_split":{"columns":["` + strings.Repeat("n", 100_000) + `"],"data":[` + strings.Repeat("[1],", 10_000) + `[1]]}}`, ReasonTooLarge},
	}
	bodies["a bomb of one row"] = struct {
		body string
		want Reason
	}{`{"inputs":[{"name":"` + strings.Repeat("n", 1000) + `","shape":[1,100001],"datatype":"INT8","data":[` + strings.Repeat("1,", 100_000) + `1]}]}`, ReasonTooLarge}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			_, err := Rows([]byte(body.body), Redaction{})
			if !errors.Is(err, body.want) {
				t.Errorf("the reason is %v, want %v", err, body.want)
			}
		})
	}
}

// A redacted column is in no row, whatever the form, the case or the spelling of its name, and however deep it lies.
func TestRedactedColumnsAreLeftOut(t *testing.T) {
	redact := NewRedaction("name", " Secret ", "")
	bodies := []string{
		`[{"name":"HIDDEN","x":1}]`,
		`[{"x":1,"NAME":"HIDDEN"}]`,
		`[{"x":1,"n\u0061me":"HIDDEN"}]`,
		`[{"name":"HIDDEN","x":1,"name":"HIDDEN"}]`,
		`[{"x":1,"more":{"secret":"HIDDEN","list":[{"name":"HIDDEN"}]}}]`,
		`{"data":[{"name":"HIDDEN","x":1}],"note":"HIDDEN"}`,
		`{"inputs":{"x":[1],"name":["HIDDEN"]}}`,
		`{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":[1]},{"name":"secret","shape":[1,2],"datatype":"BYTES","data":["HIDDEN","HIDDEN"]}]}`,
		`{"dataframe_split":{"columns":["name","x"],"data":[["HIDDEN",1]]}}`,
		`{"columns":["x","secret"],"data":[[1,"HIDDEN"]]}`,
	}
	for _, body := range bodies {
		batch, err := Rows([]byte(body), redact)
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if strings.Contains(string(batch.JSON), "HIDDEN") {
			t.Errorf("%s leaves %s", body, batch.JSON)
		}
		if rows := decodeRows(t, batch.JSON); rows[0]["x"] != 1.0 {
			t.Errorf("%s has lost another column: %s", body, batch.JSON)
		}
	}
}

// Where columns have no names nobody can say that the redacted one is not among them.
func TestRedactionFailsClosedWithoutNames(t *testing.T) {
	for _, body := range []string{
		`[["HIDDEN",1]]`,
		`{"data":[["HIDDEN",1]]}`,
		`{"instances":[["HIDDEN",1]]}`,
		`{"inputs":[{"name":"input-0","shape":[1,2],"datatype":"BYTES","data":["HIDDEN",1]}]}`,
	} {
		if batch, err := Rows([]byte(body), NewRedaction("name")); !errors.Is(err, ReasonUnnamed) {
			t.Errorf("%s: %s, %v; want %v", body, batch.JSON, err, ReasonUnnamed)
		}
	}
}

func TestTextOfTheFirstRow(t *testing.T) {
	batch, err := Rows([]byte(`[{"at":"2001-01-08","x":1},{"at":"2001-01-09"}]`), Redaction{})
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := batch.Text("at"); text != "2001-01-08" || !ok {
		t.Errorf("at is %q, %v", text, ok)
	}
	for _, column := range []string{"x", "none"} {
		if text, ok := batch.Text(column); ok {
			t.Errorf("%s is %q, want nothing", column, text)
		}
	}
	if _, ok := (Batch{}).Text("at"); ok {
		t.Error("an empty batch has a text")
	}
}

// Whatever the body, rows are an array of objects in valid JSON, as many as counted, and no redacted name is in them.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{
		`[{"x":1,"secret":"a"}]`, `[[1,2]]`, `{"data":[{"x":1}]}`, `{"inputs":{"x":[1,2]}}`, `{"instances":[1,2]}`,
		`{"inputs":[{"name":"x","shape":[2,1],"datatype":"INT64","data":[[1],[2]]}]}`, `{"dataframe_split":{"columns":["x",1],"data":[[1,"\ud800"]]}}`,
		`{"predictions":[0.1,null]}`, `{"outputs":[{"name":"p","shape":[0],"datatype":"FP32","data":[]}]}`, `{"a":1,"b":"\u0000"}`, `{"x":[1],"y":[[2]]}`,
		`{"inputs":[{"name":"x","shape":[1,0],"datatype":"FP32","data":[]}]}`, "\xff", `[{"SECRET":{"x":1}}]`, `[{"":{}}]`,
	} {
		f.Add([]byte(seed))
	}
	redact := NewRedaction("secret")
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, read := range []func([]byte, Redaction) (Batch, error){Rows, Predictions} {
			batch, err := read(body, redact)
			if err != nil {
				if _, ok := errors.AsType[Reason](err); !ok {
					t.Fatalf("the error %v is no reason", err)
				}
				continue
			}
			rows := decodeRows(t, batch.JSON)
			if int64(len(rows)) != batch.Rows {
				t.Fatalf("counted %d rows of %d", batch.Rows, len(rows))
			}
			for _, row := range rows {
				for name := range row {
					if redact.Has(name) {
						t.Fatalf("%q is in a row", name)
					}
				}
			}
			batch.Text("x")
		}
	})
}

func decodeRows(t *testing.T, data []byte) []map[string]any {
	t.Helper()
	var rows []map[string]any
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatalf("rows %s: %v", data, err)
	}
	return rows
}

func sameJSON(t *testing.T, got []byte, want string) bool {
	t.Helper()
	var left, right any
	if err := json.Unmarshal(got, &left); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want), &right); err != nil {
		t.Fatal(err)
	}
	one, _ := json.Marshal(left)
	other, _ := json.Marshal(right)
	return string(one) == string(other)
}
