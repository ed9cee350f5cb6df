package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// bench is what to measure, and where.
type bench struct {
	mlops, folder string
	rows, columns int
	growth        bool
	only          *regexp.Regexp // of the names of rows
}

func (b bench) run() error {
	if err := b.exact(); err != nil {
		return fmt.Errorf("exact distances: %w", err)
	}
	if err := b.records(); err != nil {
		return fmt.Errorf("record lines: %w", err)
	}
	if err := b.formats(); err != nil {
		return fmt.Errorf("formats: %w", err)
	}
	if !b.growth {
		return nil
	}
	return b.curve()
}

// child runs a process and says how long it took and the most memory that it held.
func child(name string, arguments ...string) (out []byte, took, processor time.Duration, peak int64, err error) {
	command := exec.Command(name, arguments...)
	command.Stderr = os.Stderr
	start := time.Now()
	out, err = command.Output()
	took = time.Since(start)
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		processor = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		peak = usage.Maxrss << 10 // in KiB, as Linux says it
	}
	return out, took, processor, peak, err
}

// self runs one of measure's measurements in a process of its own.
func self(arguments ...string) (value, processor float64, peak int64, err error) {
	program, err := os.Executable()
	if err != nil {
		return 0, 0, 0, err
	}
	out, _, _, peak, err := child(program, append([]string{"measure"}, arguments...)...)
	if err != nil {
		return 0, 0, 0, err
	}
	_, err = fmt.Sscan(string(out), &value, &processor)
	return value, processor, peak, err
}

func (b bench) exact() error {
	if !b.only.MatchString("exact KS and Wasserstein") {
		return nil
	}
	reference, err := b.tableFile("sorted.parquet", 1, b.rows, b.columns, true)
	if err != nil {
		return err
	}
	current, err := b.tableFile("window.parquet", 2, b.rows, b.columns, false)
	if err != nil {
		return err
	}
	for _, what := range []string{"memory", "file"} {
		seconds, processor, peak, err := self("exact", what, reference, current)
		if err != nil {
			return err
		}
		r := row{work: fmt.Sprintf("exact KS and Wasserstein, %d x %d, from Parquet", b.rows, b.columns), value: seconds, unit: "s", processor: processor, floor: 5, target: 1.2, peak: peak}
		if what == "memory" {
			r.work, r.peak = fmt.Sprintf("exact KS and Wasserstein, %d x %d, from memory", b.rows, b.columns), 0
		}
		r.print()
	}
	return nil
}

func (b bench) records() error {
	for _, what := range []string{"plain", "shuffled", "zstd", "fastjson"} {
		work := "record lines to columns, one core, " + what
		if !b.only.MatchString(work) {
			continue
		}
		speed, _, peak, err := self("records", what)
		if err != nil {
			return err
		}
		r := row{work: work, value: speed, unit: "MB/s", floor: 400, target: 800, peak: peak}
		switch what {
		case "zstd":
			r.floor, r.target = 0, 0
		case "fastjson":
			r = row{work: "the same lines parsed by fastjson, no columns made", value: speed, unit: r.unit}
		}
		r.print()
	}
	return nil
}

func (b bench) formats() error {
	for _, format := range []string{"table.parquet", "table.csv", "table.csv.gz", "table.csv.zst", "table.jsonl", "table.jsonl.gz", "table.jsonl.zst"} {
		if err := b.compare(format, b.rows, b.columns); err != nil {
			return err
		}
	}
	return nil
}

func (b bench) compare(format string, rows, columns int) error {
	work := fmt.Sprintf("drift compare, two files of %d x %d, %s", rows, columns, format[len("table."):])
	if !b.only.MatchString(work) {
		return nil
	}
	var files [2]string
	var making errgroup.Group
	for i := range files {
		making.Go(func() (err error) {
			files[i], err = b.tableFile(format, uint64(3+i), rows, columns, false) //nolint:gosec // 0 or 1
			return err
		})
	}
	if err := making.Wait(); err != nil {
		return err
	}
	_, took, processor, peak, err := child(b.mlops, "drift", "compare", "--reference", files[0], "--current", files[1])
	row{work: work, value: took.Seconds(), unit: "s", processor: processor.Seconds(), peak: peak}.print()
	return err
}

// curve is how time grows with rows, and with features.
func (b bench) curve() error {
	var err error
	for _, rows := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
		err = errors.Join(err, b.compare("table.parquet", rows, 10))
	}
	for _, rows := range []int{10_000, 100_000, 1_000_000} {
		err = errors.Join(err, b.compare("table.jsonl", rows, 10))
	}
	for _, columns := range []int{10, 100, 1000, 10_000} {
		err = errors.Join(err, b.compare("table.parquet", 10_000, columns))
	}
	return err
}
