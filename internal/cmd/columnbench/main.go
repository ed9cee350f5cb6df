// Command columnbench measures how fast tables and records become verdicts, and what memory that takes: each measurement runs in
// a process of its own. It prints one table of ratios to what is promised.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 && os.Args[1] == "measure" { // a process of its own
		if err := measure(os.Args[2:]); err != nil {
			log.Fatal(err)
		}
		return
	}
	bench := bench{}
	flag.StringVar(&bench.mlops, "mlops", "bin/mlops", "the built `BINARY`")
	flag.StringVar(&bench.folder, "data", "", "`FOLDER` where the tables are kept between runs; a temporary one unless given")
	flag.IntVar(&bench.rows, "rows", 1_000_000, "of the large tables")
	flag.IntVar(&bench.columns, "columns", 50, "of the large tables")
	flag.BoolVar(&bench.growth, "growth", false, "also how time grows, from 10,000 to 10 million rows: many minutes")
	only := flag.String("only", "", "a regular expression of the `ROWS` to measure")
	flag.Parse()
	var err error
	if bench.only, err = regexp.Compile(*only); err != nil {
		log.Fatalf("columnbench: -only: %v", err)
	}
	if bench.folder == "" {
		temporary, err := os.MkdirTemp("", "mlops-bench-*")
		if err != nil {
			log.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(temporary) }()
		bench.folder = temporary
	}
	if err := bench.run(); err != nil {
		log.Fatal(err)
	}
}

// row of the printed table; floor and target are in the unit of value, zero where nothing is promised.
type row struct {
	work          string
	value         float64
	unit          string
	processor     float64 // seconds of all processors, where they were counted
	floor, target float64
	peak          int64 // bytes
}

const memoryFloor, memoryTarget = 512 << 20, 256 << 20

func (r row) print() {
	promise := ""
	if r.floor > 0 {
		better := func(bound float64) float64 {
			if r.unit == "s" {
				return bound / r.value
			}
			return r.value / bound
		}
		promise = fmt.Sprintf("floor %g (x%.2f), target %g (x%.2f)", r.floor, better(r.floor), r.target, better(r.target))
	}
	peak := ""
	if r.peak > 0 {
		peak = fmt.Sprintf("peak %4d MiB (floor x%.2f, target x%.2f)", r.peak>>20, float64(memoryFloor)/float64(r.peak), float64(memoryTarget)/float64(r.peak))
	}
	processor := ""
	if r.processor > 0 {
		processor = fmt.Sprintf("%7.2f s of processors", r.processor)
	}
	fmt.Printf("%-58s %9.2f %-4s %23s  %-38s  %s\n", r.work, r.value, r.unit, processor, promise, peak)
}
