package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/valyala/fastjson"
	"golang.org/x/sync/errgroup"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/compressed"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// measure is one measurement; it prints seconds or megabytes a second, and, where they were counted, seconds of processor time.
func measure(arguments []string) error {
	var value, processor float64
	var err error
	switch {
	case len(arguments) == 4 && arguments[0] == "exact":
		value, processor, err = measureExact(arguments[1] == "memory", arguments[2], arguments[3])
	case len(arguments) == 2 && arguments[0] == "records":
		value, err = measureRecords(arguments[1])
	case len(arguments) == 4 && arguments[0] == "table":
		err = writeTable(arguments[1], arguments[2], arguments[3])
	default:
		err = fmt.Errorf("no measurement %q", arguments)
	}
	if err != nil {
		return err
	}
	fmt.Println(value, processor)
	return nil
}

// measureExact is KS and Wasserstein of every column of two files, the first of sorted columns; the best of three.
func measureExact(inMemory bool, reference, current string) (best, processor float64, err error) {
	before, err := table.Open(reference)
	if err != nil {
		return 0, 0, err
	}
	defer before.Close()
	now, err := table.Open(current)
	if err != nil {
		return 0, 0, err
	}
	defer now.Close()
	if !inMemory {
		debug.SetGCPercent(50)
	}
	for range 3 {
		if inMemory { // sorting is in place: read again
			if before, err = whole(before); err != nil {
				return 0, 0, err
			}
			if now, err = whole(now); err != nil {
				return 0, 0, err
			}
		}
		start, took := time.Now(), processorTime()
		var group errgroup.Group
		group.SetLimit(runtime.GOMAXPROCS(0))
		for i := range before.Names() {
			group.Go(func() error {
				sorted, err := before.Column(i)
				if err != nil {
					return err
				}
				window, err := now.Column(i)
				if err != nil {
					return err
				}
				stats.SortNumbers(window.Numbers)
				stats.Distances(sorted.Numbers, window.Numbers)
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return 0, 0, err
		}
		if seconds := time.Since(start).Seconds(); best == 0 || seconds < best {
			best, processor = seconds, (processorTime() - took).Seconds()
		}
		if inMemory {
			return best, processor, nil // what is sorted now is no fair second
		}
	}
	return best, processor, nil
}

func whole(file *table.File) (*table.File, error) {
	read, err := file.Table()
	return read.Open(), err
}

const recordLines = 20_000

// recordFeatures is the dataset of the measured records: numbers and a few categories.
func recordFeatures() mlops.Dataset {
	dataset := mlops.Dataset{Columns: map[string]mlops.Column{}}
	for i := range 50 {
		kind := mlops.TypeNumber
		if i%10 == 9 {
			kind = mlops.TypeCategory
		}
		dataset.Columns[nameOf(i)] = mlops.Column{Type: kind, Role: mlops.RoleFeature}
	}
	return dataset
}

// recordLinesOf draws real lines: one row of 50 features each, with nulls and escapes, and the keys of each line in an order of
// its own where shuffled.
func recordLinesOf(shuffled bool) []byte {
	random := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // seeded on purpose
	order := random.Perm(50)
	var all, row []byte
	for line := range recordLines {
		row = append(row[:0], '[')
		if shuffled {
			order = random.Perm(50)
		}
		for i, feature := range order {
			row = append(row, ",{"[boolToInt(i == 0)])
			row = append(row, `"`+nameOf(feature)+`":`...)
			switch {
			case random.IntN(50) == 0:
				row = append(row, "null"...)
			case feature%10 == 9:
				row = append(row, []string{`"red"`, `"light \"blue\""`, `"gr\u00fcn"`, `"yellow/orange"`}[random.IntN(4)]...)
			case feature%3 == 0:
				row = strconv.AppendFloat(row, random.NormFloat64(), 'g', -1, 64)
			default:
				row = strconv.AppendFloat(row, float64(random.IntN(200_000))/100, 'g', -1, 64)
			}
		}
		row = append(row, "}]"...)
		at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC).Add(time.Duration(line) * 97 * time.Millisecond).Format(time.RFC3339Nano)
		encoded := fmt.Appendf(nil, `{"schema":%q,"specversion":"1.0","id":"flights-7d9f-%012d","source":"deployments/flights","type":%q,"time":%q,`+
			`"datacontenttype":"application/json","correlationid":"c%016x","eventtime":%q,"deployment":"flights","model":"flights","modelversion":"7",`+
			`"instance":"flights-7d9f","path":"/score","status":200,"latencyms":%.3f,"complete":true,"samplingpercentage":100,"rows":1,"data":%s,`+
			`"requestbytes":%d,"responserows":1,"response":[{"probability":%.6f}],"responsebytes":24}`,
			record.Schema, line, record.Type, at, random.Uint64(), at, 1+random.Float64(), row, len(row), random.Float64())
		all = record.AppendLine(all, encoded, int64(line+1))
	}
	return all
}

// measureRecords is megabytes of lines a second on one core, by the processor time that all of it took, collecting garbage as well;
// the best of eight.
func measureRecords(what string) (float64, error) {
	runtime.GOMAXPROCS(1)
	content := recordLinesOf(what == "shuffled")
	from := content
	if what == "zstd" {
		from = record.NewCompressor().Compress(nil, content)
	}
	best := 0.0
	for range 8 {
		start := processorTime()
		if what == "fastjson" {
			if err := parseLines(content); err != nil {
				return 0, err
			}
		} else if err := readRecords(from); err != nil {
			return 0, err
		}
		best = max(best, float64(len(content))/1e6/(processorTime()-start).Seconds())
	}
	return best, nil
}

// processorTime is what this process has taken so far.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic("columnbench: " + err.Error()) // it has no way to fail
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// parseLines is what a general parser takes for the same lines, without making columns of them.
func parseLines(content []byte) error {
	var parser fastjson.Parser
	var sum float64
	for line := range bytes.Lines(content) {
		value, err := parser.ParseBytes(line)
		if err != nil {
			return err
		}
		value.GetObject("data", "0").Visit(func(_ []byte, cell *fastjson.Value) { sum += cell.GetFloat64() })
	}
	return nil
}

func readRecords(from []byte) error {
	stream, err := compressed.NewReader(bytes.NewReader(from))
	if err != nil {
		return err
	}
	defer stream.Close()
	builder := record.NewBuilder(recordFeatures())
	if _, err := record.ScanLines(stream, "bench", builder.Add); err != nil {
		return err
	}
	if rows := builder.Columns().Rows; rows != recordLines {
		return fmt.Errorf("read %d rows of %d", rows, recordLines)
	}
	return nil
}
