package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// newCollect is the reverse proxy beside a model, in a pod or alone.
func newCollect() *cobra.Command {
	var options collect.Options
	var listen string
	var follow bool
	onFull, sync := mlops.OnFullCount, mlops.SyncGrouped
	command := &cobra.Command{
		Use:   "collect --deployment NAME --listen HOST:PORT --target http://HOST:PORT",
		Short: "Forward requests to a model and keep a record of each",
		Long: `collect is a reverse proxy beside a model. It forwards everything, and for each scoring request it keeps one record: the
rows that were asked, the model's answer, status and latency. A record is in a log on disk before the client has the whole
answer, so a killed collector loses nothing: others below the same folder (--wal), or mlops collect recover, ship what it left.
What is lost all the same, while the log is full or the disk is, is counted: mlops records verify names every record that is not there.

It needs no Terraform and no project beforehand. Read the records with mlops records.
The true outcomes come later, by POST to ` + collect.FeedbackPath + ` and to --feedback-path:
  {"correlation_id": "<x-correlation-id of the answer>", "label": true}, or {"labels": [{"correlation_id", "row", "label"}, ...]}
where row counts the rows of the request from 0. Whichever replica receives a label, mlops dataset from-records joins it.

Its other own paths are ` + collect.HealthPath + ` and ` + collect.MetricsPath + ` (Prometheus).`,
		Example: `  mlops collect --project file:.mlops --deployment flight-delay --listen 127.0.0.1:8080 \
    --target http://127.0.0.1:8081 --score-path /score --timestamp-column scheduled_departure`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			options.Block, options.SyncAlways = onFull == mlops.OnFullBlock, sync == mlops.SyncAlways
			return runCollect(cmd, listen, follow, options)
		},
	}
	addProjectFlag(command)
	command.AddCommand(newCollectRecover(), newCollectLeave())
	flags := command.Flags()
	flags.StringVar(&options.Deployment, "deployment", "", "`name` that the records are kept under")
	flags.StringVar(&listen, "listen", "", "`HOST:PORT` to listen on")
	flags.StringVar(&options.Target, "target", "", "the model's `address`, http://HOST:PORT")
	flags.StringVar(&options.WAL, "wal", "", "`folder` below which the deployment's collectors keep their logs (default: <project>.collect/<deployment>)")
	flags.StringVar(&options.Model, "model", "", "model's `name`, for the records")
	flags.Int64Var(&options.ModelVersion, "model-version", 0, "its version, for the records")
	flags.StringVar(&options.Instance, "instance", "", "`name` of this collector, unique for ever (default: made at each start)")
	flags.StringVar(&options.ScorePath, "score-path", "", "`path` whose POSTs are recorded (default: every POST)")
	flags.StringVar(&options.FeedbackPath, "feedback-path", collect.DefaultFeedbackPath, "`path` whose POSTs are labels; \"\" leaves it to the model\n(off where there is no --score-path, or where that is the same)")
	flags.StringVar(&options.TimestampColumn, "timestamp-column", "", "`column` of the first row that says when it happened (default: time of arrival)")
	flags.IntVar(&options.SamplingPercentage, "sampling", 100, "`percentage` of correlation ids that are recorded")
	flags.StringSliceVar(&options.Redact, "redact", nil, "`columns` that are never written, as a,b")
	flags.Var(&oneOf{value: &onFull, among: mlops.OnFulls}, "on-full", "what happens while the log is full: count (the oldest records go, each is counted) or block (scoring waits)")
	flags.Var(&oneOf{value: &sync, among: mlops.Syncs}, "sync", "when records are safe against the end of the machine: grouped (within 50 ms) or always (before the answer ends)")
	flags.BoolVar(&follow, "follow", false, "take --sampling, --redact, --on-full and --sync from the deployment that is declared in the project, and its changes as they come")
	flags.Int64Var(&options.BacklogLimit, "wal-limit", mlops.CollectorLogBytes, "`bytes` of the log that may wait for the store")
	flags.DurationVar(&options.FlushInterval, "flush", time.Second, "time without a request after which records are shipped")
	flags.DurationVar(&options.FlushAge, "flush-age", 10*time.Second, "age at which records are shipped in any case")
	flags.DurationVar(&options.Grace, "grace", 8*time.Second, "time to finish requests and ship records when stopped")
	for _, name := range []string{"deployment", "listen", "target"} {
		_ = command.MarkFlagRequired(name) // the flag is there
	}
	return command
}

func runCollect(cmd *cobra.Command, listen string, follow bool, options collect.Options) error {
	place := projectPlace(cmd)
	on, err := makePlatform(cmd.Context(), place, "--project")
	if err != nil {
		return err
	}
	options.Store = on.Store
	if !cmd.Flags().Changed("feedback-path") && (options.ScorePath == "" || options.ScorePath == options.FeedbackPath) {
		options.FeedbackPath = "" // the model's own path comes first
	}
	if options.WAL == "" {
		if options.WAL, err = defaultWAL(place, options.Deployment); err != nil {
			return err
		}
	}
	if follow {
		options.Follow = declaredSettings(project.Open(on, version.Version), options.Deployment)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(collectMemory)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collect.GarbagePercent)
	}
	options.Logger = hclog.New(&hclog.LoggerOptions{Name: "collect", JSONFormat: true, Output: cmd.ErrOrStderr()})
	if mlops.OnAzure(place) && on.Telemetry != nil { // on one machine the gateway serves the collector's own metrics
		options.Measure = func(ctx context.Context, told []mlops.Measurement) error {
			return on.Measure(ctx, "collect-"+options.Deployment, told)
		}
	}
	collector, err := collect.New(options)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(cmd.Context(), "tcp", listen)
	if err != nil {
		// What a predecessor left is shipped all the same.
		_ = collector.Close(cmd.Context())
		return fmt.Errorf("listen on %q: %w", listen, err)
	}
	err = collector.Run(cmd.Context(), listener)
	endTelemetry(on)
	return err
}

// collectMemory is what the collector aims to stay below, in bytes, however much is in flight.
const collectMemory = 48 << 20

// defaultWAL is where stand-alone collectors keep their logs: beside the project, and never in it.
func defaultWAL(place, deployment string) (string, error) {
	if mlops.OnAzure(place) {
		return "", usageError("--wal: a project in a container has no folder beside it: say where the log is kept")
	}
	path, err := folderOf(place, "--project")
	return filepath.Join(strings.TrimRight(path, "/")+".collect", deployment), err
}

// declaredSettings reads what the deployment declares now.
func declaredSettings(in *project.Project, deployment string) func(context.Context) (collect.Settings, error) {
	return func(ctx context.Context) (collect.Settings, error) {
		var declared mlops.Deployment
		if _, err := in.Spec(ctx, mlops.KindDeployment, deployment, &declared); err != nil {
			return collect.Settings{}, err
		}
		return collect.SettingsOf(declared.DataCollection), nil
	}
}

// newCollectRecover ships what no collector is left to ship.
func newCollectRecover() *cobra.Command {
	var recovery collect.Recovery
	command := &cobra.Command{
		Use:   "recover --deployment NAME [--wal DIR]",
		Short: "Ship what collectors that are gone have left in their logs",
		Long: `recover ships the logs of collectors whose processes are gone, and closes them, as the running collectors of a deployment do for
each other. It is for a deployment that runs no more, or a log folder from elsewhere. Columns that the deployment redacts now,
and those of --redact, are taken out of what was captured before.`,
		Example: "  mlops collect recover --deployment flight-delay --wal .mlops.runner/state/flight-delay/wal",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			place := projectPlace(cmd)
			on, err := openPlatform(cmd.Context(), place, "--project")
			if err != nil {
				return err
			}
			if recovery.WAL == "" {
				if recovery.WAL, err = defaultWAL(place, recovery.Deployment); err != nil {
					return err
				}
			}
			declared, err := declaredSettings(project.Open(on, version.Version), recovery.Deployment)(cmd.Context())
			if err != nil && !errors.Is(err, mlops.ErrNotFound) {
				return err
			}
			recovery.Store, recovery.Redact = on.Store, append(recovery.Redact, declared.Redact...)
			recovery.Logger = hclog.New(&hclog.LoggerOptions{Name: "collect", JSONFormat: true, Output: cmd.ErrOrStderr()})
			instances, records, err := collect.Recover(cmd.Context(), recovery)
			fmt.Fprintf(cmd.OutOrStdout(), "%d records of %d collectors\n", records, instances)
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&recovery.Deployment, "deployment", "", "`name` that the records are kept under")
	flags.StringVar(&recovery.WAL, "wal", "", "`folder` that the collectors were given (default: <project>.collect/<deployment>)")
	flags.StringSliceVar(&recovery.Redact, "redact", nil, "`columns` that are never written, as a,b")
	_ = command.MarkFlagRequired("deployment") // the flag is there
	return command
}

// newCollectLeave is what a pod runs beside its collector when it is told to go.
func newCollectLeave() *cobra.Command {
	var at string
	var idle time.Duration
	command := &cobra.Command{
		Use:   "leave --at HOST:PORT",
		Short: "Tell the collector of this pod that the pod is about to go",
		Long: `leave makes the collector that listens at HOST:PORT, on this machine, end each connection with the next answer on it, so that
clients turn to others before the model ends. Pods run it when they are told to go.`,
		Hidden: true,
		Args:   takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := collect.Leave(cmd.Context(), at, idle); err != nil {
				return fmt.Errorf("leave: %w", err)
			}
			return nil
		},
	}
	command.Flags().StringVar(&at, "at", "", "`HOST:PORT` of the collector")
	command.Flags().DurationVar(&idle, "idle", 4*time.Second, "time until connections end that nobody uses")
	_ = command.MarkFlagRequired("at") // the flag is there
	return command
}

// oneOf is a flag that takes one of a few words.
type oneOf struct {
	value *string
	among []string
}

// String implements pflag.Value.
func (o *oneOf) String() string {
	if o.value == nil {
		return ""
	}
	return *o.value
}

// Set implements pflag.Value.
func (o *oneOf) Set(word string) error {
	if !slices.Contains(o.among, word) {
		return fmt.Errorf("choose one of %s", strings.Join(o.among, ", "))
	}
	*o.value = word
	return nil
}

// Type implements pflag.Value.
func (o *oneOf) Type() string { return strings.Join(o.among, "|") }
