package record

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func usualLines(t testing.TB) []string {
	content, err := os.ReadFile("testdata/v1.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{
		`{"schema":"x","status":1.5}`, `{"schema":"x","Status":2}`, `{"schema":"x","schema":"y"}`, `{"modelversion":7}`, `{"modelversion":"007"}`, `{"data":null}`,
		`{"data":[{"a":"\ud800"}],"rows":1}`, `{"time":"2026-01-02T03:04:05.5Z","eventtime":"2026-01-02T03:04:05+02:00","sequence":9223372036854775807}`, `{"id":"\u00e4"}`,
		`{"data":[1,2,]}`, `{"latencyms":1e400}`, `{"unknown":1}`, `{"data":"x"}`, `{"status":9007199254740993}`,
	}
	for line := range splitLines(content) {
		lines = append(lines, line)
	}
	return lines
}

func splitLines(content []byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		start := 0
		for i, c := range content {
			if c == '\n' {
				if !yield(string(content[start:i])) {
					return
				}
				start = i + 1
			}
		}
	}
}

// What is read quickly is what encoding/json reads.
func checkDecode(t *testing.T, line []byte) {
	quick, usual := new(Decoder).usual(line)
	if !usual {
		return
	}
	var whole Record
	if err := json.Unmarshal(line, &whole); err != nil {
		t.Fatalf("read a line that is none: %v\n%s", err, line)
	}
	if !reflect.DeepEqual(quick, whole) {
		t.Fatalf("line %s\ngot  %+v\nwant %+v", line, quick, whole)
	}
}

func TestUsualLinesAreReadAsByJSON(t *testing.T) {
	read := 0
	for _, line := range usualLines(t) {
		checkDecode(t, []byte(line))
		if _, usual := new(Decoder).usual([]byte(line)); usual {
			read++
		}
	}
	if read < 3 {
		t.Errorf("only %d lines were read quickly", read)
	}
}

func FuzzUsualLines(f *testing.F) {
	for _, line := range usualLines(f) {
		f.Add([]byte(line))
	}
	f.Fuzz(checkDecode)
}

func flatDataset() mlops.Dataset {
	return mlops.Dataset{Columns: map[string]mlops.Column{
		"n": {Type: mlops.TypeNumber}, "c": {Type: mlops.TypeCategory}, "b": {Type: mlops.TypeBoolean}, "s": {Type: mlops.TypeText},
		"t": {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp},
	}}
}

// checkRows adds rows twice, once not quickly, and expects the same columns.
func checkRows(t *testing.T, data []byte) {
	if !json.Valid(data) {
		return
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	one := Record{Complete: true, Status: 200, EventTime: at, Data: []byte(`[{"n":1,"c":"a"},{"c":"b","n":2}]`)}
	quick, slow := NewBuilder(flatDataset()), NewBuilder(flatDataset())
	record := one
	record.Data = data
	for _, r := range []Record{one, record, one, record} {
		quickErr, slowErr := quick.Add(r), slow.addSlowly(r)
		if fmt.Sprint(quickErr) != fmt.Sprint(slowErr) {
			t.Fatalf("%s: %v, want %v", data, quickErr, slowErr)
		}
		if slowErr != nil {
			return
		}
	}
	sameColumns(t, quick.Columns(), slow.Columns())
}

// sameColumns compares columns, numbers bit by bit.
func sameColumns(t *testing.T, got, want Columns) {
	t.Helper()
	bits := func(columns *Columns) (all [][]uint64) {
		inputs := columns.Inputs
		if columns.Predictions != nil {
			inputs = append(slices.Clone(inputs), *columns.Predictions)
			columns.Predictions.Numbers = nil
		}
		for i, input := range inputs {
			var numbers []uint64
			for _, number := range input.Numbers {
				numbers = append(numbers, math.Float64bits(number))
			}
			all = append(all, numbers)
			if i < len(columns.Inputs) {
				columns.Inputs[i].Numbers = nil
			}
		}
		return all
	}
	if gotNumbers, wantNumbers := bits(&got), bits(&want); !reflect.DeepEqual(gotNumbers, wantNumbers) {
		t.Fatalf("numbers %x, want %x", gotNumbers, wantNumbers)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

var rowSamples = []string{
	`[]`, `[{}]`, `[{"n":1.5,"c":"x","b":true,"s":"\u00e4","t":"2026-02-03T04:05:06Z"}]`, `[{"n":"2","c":7.0,"b":"no","s":1e21,"t":1767323045}]`,
	`[{"n":null,"c":null},{"n":"NaN","c":"","b":null}]`, `[{"n":{},"c":[1],"s":[1,{"a":2}],"t":{}}]`, `[{"n":1,"n":2},{"n":"x","n":3}]`, `[{"other":1,"n":1e400}]`,
	`[{"c":"\ud83d\ude00","s":"\ud800"}]`, `[{"n":0.1,"c":"a\"b"} , {"c":"a\\b"} ]`, `[1]`, `{}`, `[{"n":1},2]`, `[{"\u006e":1}]`,
	`[{"n":3.141592653589793,"t":"never"}]`, `[{"n":-0.0,"c":-0.0}]`, `[{"n":true,"c":false,"b":1}]`, `[{"c":"NaN"},{"c":"N\u0061N","s":""},{"c":null},{"c":"a\/b","s":"a\/b"},{"c":"a/b"}]`, `[{"c":"a","c":"b"},{"c":"b","c":null},{"b":true,"b":"x"}]`,
	`[{"n":12345678901234567890,"c":123456789012345678901},{"n":0.12345678901234567,"c":-12345678.12345678},{"n":00}]`, `[{"n":12345678},{"n":123456789.5},{"n":-0},{"n":1e5},{"n":1.}]`,
	`[{"t":"2026-02-03T04:05:06Z","t":null}]`, ` [ {"n" : 1 , "c" : "x" } , { } ] `, "[{\"c\":\"\xc3\xa4\"}]",
}

func TestFlatRowsAreReadAsByTheWholeParser(t *testing.T) {
	for _, sample := range rowSamples {
		checkRows(t, []byte(sample))
	}
}

func FuzzRowsToColumns(f *testing.F) {
	for _, sample := range rowSamples {
		f.Add([]byte(sample))
	}
	f.Fuzz(checkRows)
}
