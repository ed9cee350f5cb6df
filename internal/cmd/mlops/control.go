package main

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/control"
)

// newControl keeps the models of a project alive. It is a workload of the project; people run it to debug.
func newControl() *cobra.Command {
	var interval time.Duration
	var alerts alertFlags
	command := &cobra.Command{
		Use:   "control",
		Short: "Train, judge and promote what is declared, until it is stopped",
		Long: `Follow the log of every model and move its runs: start training when a trigger says so and no guard holds it back, judge
the candidate against the champion, ask for approval, roll it out, watch it, and move the alias or go back.

terraform apply declares this command as a workload of the project, and ` + "`mlops local`" + ` runs it. Any number of them may run
at once: whoever writes the next event of a model's log has decided. It writes a JSON log to stderr.

With --alerts-listen it also takes alerts of Azure Monitor by secure webhook. An alert over the controller's own gauges makes it
look at once; one whose rule has the custom property "model" asks for training of that model, once, under the guards of its
policy.`,
		Example: "  mlops control --project .mlops",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if interval <= 0 {
				return usageError("--interval %s: choose a span above zero, for example 500ms", interval)
			}
			opened, err := openProject(cmd)
			if err != nil {
				return err
			}
			defer endTelemetry(opened.Platform)
			log := hclog.New(&hclog.LoggerOptions{Name: "control", Level: hclog.Info, Output: cmd.ErrOrStderr(), JSONFormat: true})
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			ticks, wake := looks(ctx, interval)
			serve, err := alerts.open(ctx, opened, wake, log)
			if err != nil {
				return err
			}
			if serve == nil {
				return control.New(opened, log).Run(ctx, ticks)
			}
			ended := make(chan error, 1)
			go func() {
				ended <- serve(ctx)
				cancel() // a controller that hears no alerts ends, to be started again
			}()
			err = control.New(opened, log).Run(ctx, ticks)
			cancel()
			return errors.Join(err, <-ended)
		},
	}
	command.Flags().DurationVar(&interval, "interval", control.Interval, "how long to wait between two looks at the project")
	alerts.add(command)
	return command
}
