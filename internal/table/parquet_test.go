package table_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

type parquetRow struct {
	When    time.Time `parquet:"when,timestamp(microsecond)"`
	Day     int32     `parquet:"day,date"`
	Miles   *float64  `parquet:"miles,optional"`
	Ratio   float32   `parquet:"ratio"`
	Delay   int64     `parquet:"delay"`
	Big     uint64    `parquet:"big"`
	Price   int64     `parquet:"price,decimal(2:18)"`
	Origin  string    `parquet:"origin,dict"`
	Carrier *string   `parquet:"carrier,optional"`
	Late    bool      `parquet:"late"`
}

func parquetBytes[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var file bytes.Buffer
	writer := parquet.NewGenericWriter[T](&file, options...)
	if _, err := writer.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func exampleRows() []parquetRow {
	miles, carrier := 1234.5, "AA"
	when := time.Date(2001, 1, 31, 10, 20, 0, 500_000_000, time.UTC)
	return []parquetRow{
		{When: when, Day: 11353, Miles: &miles, Ratio: 0.1, Delay: -5, Big: 7, Price: -1999, Origin: "ABE", Carrier: &carrier, Late: true},
		{When: when.Add(-40 * 365 * 24 * time.Hour), Big: 1<<63 + 1, Origin: "ABE"},
	}
}

func TestParquetRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flights") // known by its content
	content := parquetBytes(t, exampleRows(), parquet.MaxRowsPerRowGroup(1), parquet.Compression(&parquet.Snappy))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := table.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "when,day,miles,ratio,delay,big,price,origin,carrier,late\n" +
		"2001-01-31T10:20:00.5Z,2001-01-31T00:00:00Z,1234.5,0.1,-5,7,-19.99,ABE,AA,true\n" +
		"1961-02-10T10:20:00.5Z,1970-01-01T00:00:00Z,,0,0,9223372036854775809,0,ABE,,false\n"
	written := csvOf(t, read)
	if written != want {
		t.Fatalf("got\n%s\nwant\n%s", written, want)
	}
	again, err := table.ReadFrom(strings.NewReader(written), table.CSV)
	if err != nil {
		t.Fatal(err)
	}
	if got := csvOf(t, again); got != want {
		t.Errorf("through CSV: got\n%s", got)
	}
	if miles, _ := read.Column("miles"); miles.Numbers == nil || !miles.IsNull(1) {
		t.Errorf("a Parquet number is a number: %+v", miles)
	}
}

func TestParquetRefuses(t *testing.T) {
	type nested struct {
		Tags []string `parquet:"tags,list"`
	}
	type clock struct {
		At int64 `parquet:"at,time(microsecond)"`
	}
	tests := map[string]struct {
		content []byte
		want    string
	}{
		"nested":  {parquetBytes(t, []nested{{Tags: []string{"a"}}}), `column "tags"`},
		"clock":   {parquetBytes(t, []clock{{At: 1}}), `column "at"`},
		"no rows": {parquetBytes(t, []parquetRow{}), "no rows"},
		"cut":     {parquetBytes(t, exampleRows())[:300], "not a whole Parquet file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := table.ReadFrom(bytes.NewReader(test.content), table.Parquet)
			if !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestParquetDamage flips every byte in turn: the answer is rows or an error, never a panic.
func TestParquetDamage(t *testing.T) {
	content := parquetBytes(t, exampleRows())
	for i := range content {
		damaged := bytes.Clone(content)
		damaged[i] ^= 0x55
		if read, err := table.ReadFrom(bytes.NewReader(damaged), table.Parquet); err == nil && read.Rows == 0 {
			t.Fatalf("byte %d: no rows and no error", i)
		}
	}
}
