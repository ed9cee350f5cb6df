package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// committed is the folder of the files that were cut.
var committed = filepath.Join("..", "data")

// read returns the rows of a committed file, without the header, which it checks.
func read(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join(committed, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ","); got != header {
		t.Fatalf("%s: header %s, want %s", name, got, header)
	}
	return rows[1:]
}

// Every committed file is what its slice says: in order, within its days, between airports of its network.
func TestCommittedFilesAreTheirSlices(t *testing.T) {
	for _, s := range slices {
		last := s.from
		rows := read(t, s.file)
		if len(rows) < 1000 {
			t.Errorf("%s: %d rows, want 1000 and more", s.file, len(rows))
		}
		for i, row := range rows {
			departure, err := time.Parse(time.RFC3339, row[0])
			if err != nil || departure.Before(last) || !departure.Before(s.from.AddDate(0, 0, s.days)) {
				t.Fatalf("%s row %d: departure %s after %s (%v)", s.file, i, row[0], last, err)
			}
			last = departure
			if !s.network[row[2]] || !s.network[row[3]] {
				t.Fatalf("%s row %d: %s to %s is not of this network", s.file, i, row[2], row[3])
			}
		}
	}
}

// An ordinary day has no airport that January lacks; a day of the grown network has, in most of its flights.
func TestNewAirportsAreWhereTheyShouldBe(t *testing.T) {
	known := map[string]bool{}
	for _, row := range read(t, "2001-01.csv") {
		known[row[2]] = true
	}
	for name, want := range map[string]bool{"days/normal.csv": false, "days/fault.csv": false, "days/shift-1.csv": true, "days/shift-2.csv": true} {
		rows, unseen := read(t, name), 0
		for _, row := range rows {
			if !known[row[2]] || !known[row[3]] {
				unseen++
			}
		}
		if (unseen > len(rows)/2) != want || !want && unseen > 0 {
			t.Errorf("%s: %d of %d flights touch a new airport, want most of them: %t", name, unseen, len(rows), want)
		}
	}
}

func TestCommittedDataStaysSmall(t *testing.T) {
	total := int64(0)
	for _, s := range slices {
		info, err := os.Stat(filepath.Join(committed, s.file))
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if limit := int64(2_000_000); total >= limit {
		t.Errorf("the data has %d bytes, want less than %d", total, limit)
	}
}
