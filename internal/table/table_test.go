package table_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func csvOf(t *testing.T, read table.Table) string {
	t.Helper()
	var text strings.Builder
	if err := table.WriteCSV(&text, read); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestReadText(t *testing.T) {
	tests := map[string]struct{ name, content, want string }{
		"csv":              {"a.csv", "x,y\n1,a\n,NULL\nNaN,NAN\n", "x,y\n1,a\n,\n,NAN\n"},
		"byte order mark":  {"a.csv", "\ufeffx,y\r\n1,\"a,\"\"b\"\r\n", "x,y\n1,\"a,\"\"b\"\n"},
		"one null column":  {"a.csv", "x\n1\n\"\"\n2\n", "x\n1\n\"\"\n2\n"},
		"unknown name":     {"a.txt", "x\n1\n", "x\n1\n"},
		"json lines":       {"a.jsonl", `{"x":1,"y":"a"}` + "\n\n" + `{"y":null,"z":true}` + "\n", "x,y,z\n1,a,\n,,true\n"},
		"json by content":  {"data", "\ufeff" + `{"x":1.50}`, "x\n1.5\n"},
		"json mixed":       {"a.ndjson", `{"x":1.50}` + "\n" + `{"x":"b"}`, "x\n1.50\nb\n"},
		"json long number": {"a.json", `{"x":9007199254740993}`, "x\n9007199254740993\n"},
		"json nan":         {"a.json", `{"x":NaN,"y":1}`, "x,y\n,1\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			read, err := table.Read(write(t, test.name, test.content))
			if err != nil {
				t.Fatal(err)
			}
			if got := csvOf(t, read); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	tests := map[string]struct{ name, content, want string }{
		"empty":           {"a.csv", "", "empty"},
		"empty json":      {"a.jsonl", "\n\n", "empty"},
		"empty parquet":   {"a.parquet", "", "not a whole Parquet file"},
		"cut parquet":     {"a.parquet", "PAR1abcdefgh", "not a whole Parquet file"},
		"header only":     {"a.csv", "x,y\n", "no rows"},
		"twice":           {"a.csv", "x,y, x\n1,2,3\n", `"x" stands twice`},
		"no name":         {"a.csv", "x,\n1,2\n", "column 2 has no name"},
		"ragged":          {"a.csv", "x,y\n1,2\n3\n4,5\n6,7,8\n", "line 3 has 1 cells where the header has 2; line 5 has 3 cells"},
		"many ragged":     {"a.csv", "x,y\n" + strings.Repeat("1\n", 12), "and 2 more lines"},
		"open quote":      {"a.csv", "x,y\n1,\"2\n3,4\n", "line 3"},
		"bad json":        {"a.jsonl", `{"x":1}` + "\n{\n" + `{"x":`, "line 2 is not JSON; write one whole object a line; line 3"},
		"json array":      {"a.json", `[{"x":1}]`, "line 1 is not an object"},
		"json nested":     {"a.json", `{"x":{"y":1}}`, `under the key "x"`},
		"json twice":      {"a.json", `{"x":1}` + "\n" + `{"x":1,"x":2}`, `line 2 has the key "x" twice`},
		"json empty name": {"a.json", `{"":1}`, "no name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, test.name, test.content)
			_, err := table.Read(path)
			if !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Fatalf("got %v; want the path and %q", err, test.want)
			}
		})
	}
	if _, err := table.Read(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, mlops.ErrNotFound) || !strings.Contains(err.Error(), "none.csv") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := table.Read(t.TempDir()); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("folder: %v", err)
	}
	if _, err := table.ReadFrom(strings.NewReader("x"), "xlsx"); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("unknown format: %v", err)
	}
}

func TestFaultyJSONLineLeavesNothing(t *testing.T) {
	_, err := table.Read(write(t, "a.jsonl", `{"x":1,"y":[]}`+"\n"+`{"x":2}`+"\n{}{"))
	if err == nil || strings.Contains(err.Error(), "twice") || !strings.Contains(err.Error(), "line 3") {
		t.Fatal(err)
	}
}

func column(cells ...string) table.Column {
	read := table.Column{Text: cells, Null: make([]bool, len(cells))}
	for i, cell := range cells {
		read.Null[i] = table.IsNullText(cell)
	}
	return read
}

func TestAsNumbers(t *testing.T) {
	values, null, bad := column("1", " 2.5e1 ", "", "x", "Inf", "0x10", "1_0").AsNumbers()
	if bad != 4 || !slices.Equal(null, []bool{false, false, true, true, true, true, true}) {
		t.Errorf("bad %d, null %v", bad, null)
	}
	if values[0] != 1 || values[1] != 25 || !math.IsNaN(values[2]) || !math.IsNaN(values[3]) {
		t.Errorf("values %v", values)
	}
	values, null, bad = table.Column{Numbers: []float64{1, math.Inf(1), math.NaN()}, Null: []bool{false, false, true}}.AsNumbers()
	if bad != 1 || values[0] != 1 || !slices.Equal(null, []bool{false, true, true}) {
		t.Errorf("numbers: %v %v %d", values, null, bad)
	}
}

func TestAsTimes(t *testing.T) {
	want := time.Date(2001, 1, 31, 10, 20, 0, 0, time.UTC)
	for _, text := range []string{
		"2001-01-31T10:20:00Z", "2001-01-31T12:20:00+02:00", "2001-01-31 10:20:00", "2001-01-31T10:20", "2001-01-31 10:20",
		"980936400", "980936400000", "2001-01-31 10:20:00.000", " 2001-01-31T10:20:00 ", "2001-01-31 10:20:00+00:00",
	} {
		if got, ok := table.ParseTime(text); !ok || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"20010131", "2001", "31.01.2001", "2001-02-30", "x", "1e300", "980936400000000"} {
		if got, ok := table.ParseTime(text); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	times, null, bad := column("2001-01-31", "", "never", "2001-01-31 10:20:00").AsTimes()
	if bad != 1 || !slices.Equal(null, []bool{false, true, true, false}) || times[0] != want.Truncate(24*time.Hour) || times[3] != want {
		t.Errorf("%v %v %d", times, null, bad)
	}
	times, _, bad = table.Column{Numbers: []float64{980936400.5, 12}}.AsTimes()
	if bad != 1 || !times[0].Equal(want.Add(500*time.Millisecond)) {
		t.Errorf("numbers: %v %d", times, bad)
	}
}

func TestAsBooleans(t *testing.T) {
	values, null, bad := column("true", "No", "1", "", "maybe").AsBooleans()
	if bad != 1 || !slices.Equal(values, []bool{true, false, true, false, false}) || !slices.Equal(null, []bool{false, false, false, true, true}) {
		t.Errorf("%v %v %d", values, null, bad)
	}
	values, _, bad = table.Column{Numbers: []float64{1, 0, 2}}.AsBooleans()
	if bad != 1 || !slices.Equal(values, []bool{true, false, false}) {
		t.Errorf("numbers: %v %d", values, bad)
	}
}

func TestTakeAndConcat(t *testing.T) {
	first, err := table.ReadFrom(strings.NewReader("x,y\n1,a\n,b\n3,c\n"), table.CSV)
	if err != nil {
		t.Fatal(err)
	}
	second, err := table.ReadFrom(strings.NewReader(`{"y":"d","x":4}`), table.JSONLines)
	if err != nil {
		t.Fatal(err)
	}
	joined, err := table.Concat([]table.Table{first.Take([]int{2, 1}), second})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := csvOf(t, joined), "x,y\n3,c\n,b\n4,d\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := table.Concat([]table.Table{second, {Columns: []table.Column{{Name: "z"}}}}); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("other columns: %v", err)
	}
}
