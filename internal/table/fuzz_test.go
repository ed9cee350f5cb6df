package table_test

import (
	"bytes"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// checkRead asserts what holds of everything that was read: columns of one length, cells that read as every type, and a CSV
// that reads back as itself.
func checkRead(t *testing.T, content []byte, format table.Format) {
	read, err := table.ReadFrom(bytes.NewReader(content), format)
	if err != nil {
		return
	}
	for _, column := range read.Columns {
		if column.Len() != read.Rows || column.Null != nil && len(column.Null) != read.Rows {
			t.Fatalf("column %q has %d cells in %d rows", column.Name, column.Len(), read.Rows)
		}
		column.AsNumbers()
		column.AsTimes()
		column.AsBooleans()
	}
	first := csvOf(t, read)
	again, err := table.ReadFrom(bytes.NewReader([]byte(first)), table.CSV)
	if err != nil {
		t.Fatalf("its own CSV: %v\n%q", err, first)
	}
	if second := csvOf(t, again); again.Rows != read.Rows || second != first {
		t.Fatalf("its own CSV reads as another table:\n%q\n%q", first, second)
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"x,y\n1,a\n", "\ufeffx\n\"\"\n", "x,y\n\"a\r\nb\",\"\"\"\"\n", "x\n\\.\n", "\"\ufeffx\"\n1\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) { checkRead(t, content, table.CSV) })
}

func FuzzJSONLines(f *testing.F) {
	for _, seed := range []string{`{"x":1,"y":"a"}` + "\n" + `{"z":null}`, `{"x":"\u0000\ud800"}`, `{"x":-nan}`, `{"x":1e999}`, `{"\ufeffx":1}`, `{"x":"a\rb"}`, "{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) { checkRead(t, content, table.JSONLines) })
}

func FuzzParquet(f *testing.F) {
	f.Add(parquetBytes(f, exampleRows()))
	f.Add(parquetBytes(f, exampleRows()[:1]))
	f.Fuzz(func(t *testing.T, content []byte) {
		read, err := table.ReadFrom(bytes.NewReader(content), table.Parquet)
		if err == nil && read.Rows == 0 {
			t.Fatal("no rows and no error")
		}
	})
}
