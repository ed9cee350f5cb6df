// Package foreign takes records that were logged elsewhere into a project: our own JSON lines from another project, the JSON
// lines of Azure ML's data collector, and tables of rows with a time. It reads a file to its end before it writes anything,
// and writes the same segments for the same files, so that importing twice adds nothing. It must not know how records are
// captured or judged.
package foreign

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/compressed"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Import says what files are and where their records go.
type Import struct {
	Deployment string
	// Model and ModelVersion served the requests; "" and 0 keep what the files say.
	Model        string
	ModelVersion int64
	// TimestampColumn holds the event time. Tables need it; of Azure's lines "" takes the line's own time.
	TimestampColumn string
	// Columns of tables that are no part of the request; "" for none.
	PredictionColumn  string
	LabelColumn       string
	CorrelationColumn string
	// DryRun reads and checks, and writes nothing.
	DryRun bool
	// Progress, where set, hears what is being done.
	Progress func(string)
}

// Result is what an import found and wrote.
type Result struct {
	Instance string `json:"instance"` // under which the records stand
	Records  int64  `json:"records"`
	Rows     int64  `json:"rows"`
	Labels   int64  `json:"labels"`
	// Segments written, and those that an earlier import had written.
	Segments int64 `json:"segments"`
	Existing int64 `json:"existing_segments"`
	// Passed are lines that are no scoring: other collections, outputs without inputs.
	Passed int64     `json:"passed_over"`
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
}

// sink takes records in order; their instance and sequence are the sink's to give.
type sink interface {
	record(r record.Record) error
	label(l record.LabelRecord) error
	pass()
}

// Files imports files as one: outputs may lie in another file than their inputs. What is wrong with one is mlops.ErrInvalid
// and names file and line.
func (i Import) Files(ctx context.Context, store platform.Store, paths []string) (Result, error) {
	if err := mlops.ValidateName(i.Deployment); err != nil {
		return Result{}, fmt.Errorf("deployment: %w", err)
	}
	if i.Progress == nil {
		i.Progress = func(string) {}
	}
	sum, err := i.fingerprint(paths)
	if err != nil {
		return Result{}, err
	}
	instance := "import-" + sum[:12]
	i.Progress("reading")
	counted := &counter{result: Result{Instance: instance}}
	if err := i.read(ctx, paths, instance, counted); err != nil {
		return Result{}, err
	}
	if counted.result.Records+counted.result.Labels == 0 {
		return Result{}, fmt.Errorf("%s: %w: no record was found; see mlops records import --help for what can be read", strings.Join(paths, ", "), mlops.ErrInvalid)
	}
	if i.DryRun {
		return counted.result, nil
	}
	i.Progress("writing")
	written := &segmenter{ctx: ctx, store: store, deployment: i.Deployment, instance: instance, open: map[string]*segment{}}
	if err := i.read(ctx, paths, instance, written); err != nil {
		return Result{}, err
	}
	if err := written.flush(); err != nil {
		return Result{}, err
	}
	result := counted.result
	result.Segments, result.Existing = written.segments, written.existing
	return result, nil
}

// fingerprint is of the files' bytes in order, and of all that changes what is made of them.
func (i Import) fingerprint(paths []string) (string, error) {
	whole := sha256.New()
	settings, err := json.Marshal([]any{i.Deployment, i.Model, i.ModelVersion, i.TimestampColumn, i.PredictionColumn, i.LabelColumn, i.CorrelationColumn})
	if err != nil {
		return "", err
	}
	whole.Write(settings)
	for _, path := range paths {
		file, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("%s: %w: there is no such file", path, mlops.ErrNotFound)
		}
		if err != nil {
			return "", err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		whole.Write(sum.Sum(nil))
	}
	return hex.EncodeToString(whole.Sum(nil)), nil
}

// read reads all files into a sink.
func (i Import) read(ctx context.Context, paths []string, instance string, to sink) error {
	var azure []string
	for _, path := range paths {
		format, err := detect(path)
		if err != nil {
			return err
		}
		switch format {
		case formatOwn:
			err = i.own(ctx, path, to)
		case formatAzure:
			azure = append(azure, path)
		default:
			err = i.table(ctx, path, instance, to)
		}
		if err != nil {
			return err
		}
	}
	if len(azure) == 0 {
		return nil
	}
	return i.azure(ctx, azure, to)
}

type format int

const (
	formatTable format = iota
	formatOwn
	formatAzure
)

// detect looks at the first line: records say what they are, anything else is a table.
func detect(path string) (format, error) {
	found := formatTable
	err := eachLine(path, func(_ int, line []byte) error {
		var first struct {
			Schema string `json:"schema"`
			Type   string `json:"type"`
		}
		if json.Unmarshal(line, &first) != nil {
			return errEnough
		}
		switch {
		case first.Schema == record.Schema || first.Schema == record.LabelSchema:
			found = formatOwn
		case strings.HasPrefix(first.Type, azureType):
			found = formatAzure
		}
		return errEnough
	})
	if errors.Is(err, bufio.ErrTooLong) {
		return formatTable, nil // no line of ours is so long
	}
	return found, err
}

// errEnough ends eachLine without an error.
var errEnough = errors.New("enough")

const longestLine = 64 << 20

// eachLine visits the lines of a file, plain or compressed, that are not blank; a number counts from 1.
func eachLine(path string, visit func(number int, line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	stream, err := compressed.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer stream.Close()
	scanner := bufio.NewScanner(stream)
	scanner.Buffer(make([]byte, 1<<16), longestLine)
	number := 1
	for ; scanner.Scan(); number++ {
		line := bytes.TrimSpace(bytes.TrimPrefix(scanner.Bytes(), []byte("\ufeff")))
		if len(line) == 0 {
			continue
		}
		if err := visit(number, line); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s, line %d: %w", path, number, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%s, line %d: %w", path, number, err)
	}
	return nil
}

// counter is the first pass.
type counter struct{ result Result }

func (c *counter) record(r record.Record) error {
	c.result.Records++
	c.result.Rows += r.Rows
	if c.result.First.IsZero() || r.EventTime.Before(c.result.First) {
		c.result.First = r.EventTime
	}
	if r.EventTime.After(c.result.Last) {
		c.result.Last = r.EventTime
	}
	return nil
}

func (c *counter) label(l record.LabelRecord) error {
	c.result.Labels += int64(len(l.Data))
	return nil
}

func (c *counter) pass() { c.result.Passed++ }
