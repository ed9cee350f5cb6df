package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
)

// newCollect is the reverse proxy beside a model, in a pod or alone.
func newCollect() *cobra.Command {
	var options collect.Options
	var listen string
	command := &cobra.Command{
		Use:   "collect --deployment NAME --listen HOST:PORT --target http://HOST:PORT",
		Short: "Forward requests to a model and keep a record of each",
		Long: `collect is a reverse proxy beside a model. It forwards everything, and for each scoring request it keeps one record: the
rows that were asked, the model's answer, status and latency. A record is in a log on disk before the client has the whole
answer, so a killed collector loses nothing; the next one in the same folder (--wal) ships what was left.

It needs no Terraform and no project beforehand. Read the records with mlops records.
The true outcomes come later, by POST to ` + collect.FeedbackPath + ` and to --feedback-path:
  {"correlation_id": "<x-correlation-id of the answer>", "label": true}, or {"labels": [{"correlation_id", "row", "label"}, ...]}
where row counts the rows of the request from 0. Whichever replica receives a label, mlops dataset from-records joins it.

Its other own paths are ` + collect.HealthPath + ` and ` + collect.MetricsPath + ` (Prometheus).`,
		Example: `  mlops collect --project file:.mlops --deployment flight-delay --listen 127.0.0.1:8080 \
    --target http://127.0.0.1:8081 --score-path /score --timestamp-column scheduled_departure`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runCollect(cmd, listen, options) },
	}
	addProjectFlag(command)
	flags := command.Flags()
	flags.StringVar(&options.Deployment, "deployment", "", "`name` that the records are kept under")
	flags.StringVar(&listen, "listen", "", "`HOST:PORT` to listen on")
	flags.StringVar(&options.Target, "target", "", "the model's `address`, http://HOST:PORT")
	flags.StringVar(&options.WAL, "wal", "", "`folder` of the log on disk (default: <project>.collect/<deployment>)")
	flags.StringVar(&options.Model, "model", "", "model's `name`, for the records")
	flags.Int64Var(&options.ModelVersion, "model-version", 0, "its version, for the records")
	flags.StringVar(&options.Instance, "instance", "", "`name` of this collector, unique for ever (default: made once for a log folder)")
	flags.StringVar(&options.ScorePath, "score-path", "", "`path` whose POSTs are recorded (default: every POST)")
	flags.StringVar(&options.FeedbackPath, "feedback-path", collect.DefaultFeedbackPath, "`path` whose POSTs are labels; \"\" leaves it to the model\n(off where there is no --score-path, or where that is the same)")
	flags.StringVar(&options.TimestampColumn, "timestamp-column", "", "`column` of the first row that says when it happened (default: time of arrival)")
	flags.IntVar(&options.SamplingPercentage, "sampling", 100, "`percentage` of correlation ids that are recorded")
	flags.StringSliceVar(&options.Redact, "redact", nil, "`columns` that are never written, as a,b")
	flags.DurationVar(&options.FlushInterval, "flush", time.Second, "how long a record may wait before it is shipped")
	flags.DurationVar(&options.Grace, "grace", 8*time.Second, "time to finish requests and ship records when stopped")
	for _, name := range []string{"deployment", "listen", "target"} {
		_ = command.MarkFlagRequired(name) // the flag is there
	}
	return command
}

func runCollect(cmd *cobra.Command, listen string, options collect.Options) error {
	path, err := projectPath(cmd)
	if err != nil {
		return err
	}
	on, err := local.Open(path)
	if err != nil {
		return fmt.Errorf("project at %s: %w", path, err)
	}
	options.Store = on.Store
	if !cmd.Flags().Changed("feedback-path") && (options.ScorePath == "" || options.ScorePath == options.FeedbackPath) {
		options.FeedbackPath = "" // the model's own path comes first
	}
	if options.WAL == "" {
		options.WAL = filepath.Join(strings.TrimRight(path, "/")+".collect", options.Deployment)
	}
	options.Logger = hclog.New(&hclog.LoggerOptions{Name: "collect", JSONFormat: true, Output: cmd.ErrOrStderr()})
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
	return collector.Run(cmd.Context(), listener)
}
