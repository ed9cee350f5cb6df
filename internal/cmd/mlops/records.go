package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// recordsCommands makes the commands below `mlops records`.
var recordsCommands = []func() *cobra.Command{newRecordsCat, newRecordsCount, newRecordsVerify, newRecordsImport}

func newRecords() *cobra.Command {
	command := group(&cobra.Command{
		Use:   "records",
		Short: "Read the inference records of a deployment",
		Long: `One record holds a request to a deployment and the model's answer. Windows are over event time: the timestamp column of the
request's first row, or the time of arrival where there is none. --from is in the window, --to is not.`,
	}, recordsCommands...)
	addProjectFlag(command)
	return command
}

// window is what the commands below records read.
type window struct {
	deployment string
	from, to   string
}

func (w *window) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&w.deployment, "deployment", "", "`name` of the deployment")
	flags.StringVar(&w.from, "from", "", "first event `time`, as 2026-01-02 or 2026-01-02T15:04:05Z (default: the oldest)")
	flags.StringVar(&w.to, "to", "", "event `time` before which it ends (default: the newest)")
	_ = command.MarkFlagRequired("deployment") // the flag is there
}

// open checks the flags and opens the store.
func (w *window) open(cmd *cobra.Command) (store platform.Store, from, to time.Time, err error) {
	if err := mlops.ValidateName(w.deployment); err != nil {
		return nil, from, to, usageError("--deployment: %v", err)
	}
	for flag, bound := range map[string]struct {
		text string
		at   *time.Time
	}{"from": {w.from, &from}, "to": {w.to, &to}} {
		if bound.text == "" {
			continue
		}
		at, ok := table.ParseTime(bound.text)
		if !ok {
			return nil, from, to, usageError("--%s %q is no time: write 2026-01-02 or 2026-01-02T15:04:05Z", flag, bound.text)
		}
		*bound.at = at
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return nil, from, to, usageError("--from %s is not before --to %s", w.from, w.to)
	}
	on, err := openPlatform(cmd.Context(), projectPlace(cmd), "--project")
	return on.Store, from, to, err
}

func newRecordsCat() *cobra.Command {
	var w window
	command := &cobra.Command{
		Use:     "cat --deployment NAME",
		Short:   "Print records as JSON lines, by hour of event time",
		Example: "  mlops records cat --deployment flight-delay --from 2001-01-08 --to 2001-01-09 | jq .data",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, from, to, err := w.open(cmd)
			if err != nil {
				return err
			}
			return catRecords(cmd.Context(), store, w.deployment, from, to, cmd.OutOrStdout())
		},
	}
	w.addFlags(command)
	return command
}

func catRecords(ctx context.Context, store platform.Store, deployment string, from, to time.Time, out io.Writer) error {
	buffered := bufio.NewWriterSize(out, 1<<16)
	var line []byte
	broken, err := record.Scan(ctx, store, deployment, from, to, func(r record.Record) error {
		encoded, err := r.Encode()
		if err != nil {
			return err
		}
		line = record.AppendLine(line[:0], encoded, r.Sequence)
		_, err = buffered.Write(line)
		return err
	})
	return errors.Join(err, buffered.Flush(), broken.Err())
}

// recordCounts is what `mlops records count` says.
type recordCounts struct {
	Deployment string `json:"deployment"`
	Records    int64  `json:"records"`
	Rows       int64  `json:"rows"`
	Failed     int64  `json:"failed"`
	// NotCaptured counts requests whose rows are not there, by reason.
	NotCaptured map[string]int64 `json:"not_captured"`
	Versions    map[int64]int64  `json:"model_versions"` // records by version
	First       time.Time        `json:"first,omitzero"`
	Last        time.Time        `json:"last,omitzero"`
	// Broken counts lines that cannot be read.
	Broken      int64  `json:"broken,omitempty"`
	FirstBroken string `json:"first_broken,omitempty"`
}

func newRecordsCount() *cobra.Command {
	var w window
	var asJSON bool
	command := &cobra.Command{
		Use:   "count --deployment NAME",
		Short: "Count records, rows, failed requests and bodies that were not captured",
		Args:  takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, from, to, err := w.open(cmd)
			if err != nil {
				return err
			}
			counts, err := countRecords(cmd.Context(), store, w.deployment, from, to)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(counts)
			}
			counts.print(cmd.OutOrStdout())
			return nil
		},
	}
	w.addFlags(command)
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

func countRecords(ctx context.Context, store platform.Store, deployment string, from, to time.Time) (recordCounts, error) {
	counts := recordCounts{Deployment: deployment, NotCaptured: map[string]int64{}, Versions: map[int64]int64{}}
	broken, err := record.Scan(ctx, store, deployment, from, to, func(r record.Record) error {
		counts.Records++
		counts.Rows += r.Rows
		counts.Versions[r.ModelVersion]++
		if r.Failed() {
			counts.Failed++
		}
		if r.Body != "" {
			counts.NotCaptured[strings.TrimPrefix(r.Body, record.NotCaptured)]++
		}
		if counts.First.IsZero() || r.EventTime.Before(counts.First) {
			counts.First = r.EventTime
		}
		if r.EventTime.After(counts.Last) {
			counts.Last = r.EventTime
		}
		return nil
	})
	counts.Broken, counts.FirstBroken = broken.Lines, broken.First
	return counts, err
}

func (c recordCounts) print(out io.Writer) {
	fmt.Fprintf(out, "records       %d\nrows          %d\nfailed        %d\n", c.Records, c.Rows, c.Failed)
	for _, reason := range record.Reasons {
		if count := c.NotCaptured[string(reason)]; count > 0 {
			fmt.Fprintf(out, "not captured  %d (%s)\n", count, reason)
		}
	}
	if c.Broken > 0 {
		fmt.Fprintf(out, "broken        %d (the first is %s)\n", c.Broken, c.FirstBroken)
	}
	if c.Records > 0 {
		fmt.Fprintf(out, "first         %s\nlast          %s\n", c.First.Format(time.RFC3339), c.Last.Format(time.RFC3339))
	}
}
