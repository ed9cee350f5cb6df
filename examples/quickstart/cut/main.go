// Command cut cuts the quickstart's data out of flights-3m.parquet of the npm package vega-datasets: the same input
// gives the same bytes. It knows nothing of the product and nothing of the model; data/README.md says what it cuts and why.
//
//	go run ./examples/quickstart/cut -source flights-3m.parquet -out examples/quickstart/data
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// header names the columns of every file that is cut, in their order.
const header = "scheduled_departure,distance_miles,origin,destination,late"

// lateAfterMinutes is the delay on arrival above which a flight is late.
const lateAfterMinutes = 15

// record is a row of the source. Date is the wall clock at the origin, in microseconds since 1970 as if it were UTC.
type record struct {
	Date        int64  `parquet:"date"`
	Delay       int64  `parquet:"delay"`
	Distance    int64  `parquet:"distance"`
	Origin      string `parquet:"origin"`
	Destination string `parquet:"destination"`
}

// flight is a row of a cut; its departure is in UTC, its number the row of the source.
type flight struct {
	record
	number    uint64
	departure time.Time
}

func main() {
	source := flag.String("source", "flights-3m.parquet", "path of flights-3m.parquet")
	out := flag.String("out", "examples/quickstart/data", "folder to write to")
	flag.Parse()
	if err := run(*source, *out); err != nil {
		fmt.Fprintln(os.Stderr, "cut:", err)
		os.Exit(1)
	}
}

// run reads the source once and writes every slice.
func run(source, out string) error {
	flights := make([][]flight, len(slices))
	err := scan(source, func(f flight) {
		for i, s := range slices {
			if s.holds(f) {
				flights[i] = append(flights[i], f)
			}
		}
	})
	if err != nil {
		return err
	}
	for i, s := range slices {
		if err := write(filepath.Join(out, s.file), flights[i]); err != nil {
			return err
		}
		fmt.Printf("%-18s %6d rows\n", s.file, len(flights[i]))
	}
	return nil
}

// scan calls each for every flight of the source between airports that are known here, in the order of the source.
func scan(path string, each func(flight)) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the source: %w; take data/flights-3m.parquet from `npm pack vega-datasets@3.2.1`", err)
	}
	defer file.Close()
	zones, err := locations()
	if err != nil {
		return err
	}
	reader := parquet.NewGenericReader[record](file)
	defer reader.Close()
	batch, number := make([]record, 4096), uint64(0)
	for {
		n, err := reader.Read(batch)
		for _, r := range batch[:n] {
			number++
			zone, known := zones[r.Origin]
			if _, lands := zones[r.Destination]; !known || !lands {
				continue
			}
			wall := time.UnixMicro(r.Date).UTC()
			departure := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone).UTC()
			// Names point into the reader's page: copy what is kept.
			r.Origin, r.Destination = strings.Clone(r.Origin), strings.Clone(r.Destination)
			each(flight{record: r, number: number, departure: departure})
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
}

// write puts flights in the order of their departure; the source's own order settles a tie.
func write(path string, flights []flight) error {
	sort.Slice(flights, func(i, j int) bool {
		if !flights[i].departure.Equal(flights[j].departure) {
			return flights[i].departure.Before(flights[j].departure)
		}
		return flights[i].number < flights[j].number
	})
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(file)
	fmt.Fprintln(buffer, header)
	for _, f := range flights {
		fmt.Fprintf(buffer, "%s,%d,%s,%s,%t\n", f.departure.Format(time.RFC3339), f.Distance, f.Origin, f.Destination, f.Delay > lateAfterMinutes)
	}
	return errors.Join(buffer.Flush(), file.Close())
}
