// Command mlops is the agent: what workloads run, and the command line for people. One static binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// commands makes every command; each stands in a file of its name.
var commands = []func() *cobra.Command{
	newDrift, newFetch, newHosted, newPublish, newLocal, newPod, newCollect, newRecords, newControl, newDataset,
	newStatus, newTrain, newRuns, newApprove, newDecline, newRollback, newFreeze, newThaw, newModel, newLineage, newAudit, newLogs, newProject,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		if exit, ok := errors.AsType[exitError](err); ok {
			if exit.message != "" {
				fmt.Fprintln(os.Stderr, "Error: "+exit.message)
			}
			os.Exit(exit.code)
		}
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1)
	}
}

// Groups of commands in the help text.
const (
	forPeople    = "people"
	forWorkloads = "workloads"
)

func newRoot() *cobra.Command {
	root := group(&cobra.Command{
		Use:           "mlops",
		Short:         "Keep declared machine-learning models alive: train, serve, watch, retrain",
		Version:       version.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}, commands...)
	root.AddGroup(&cobra.Group{ID: forPeople, Title: "For people:"}, &cobra.Group{ID: forWorkloads, Title: "What a project's workloads run:"})
	for _, command := range root.Commands() {
		command.GroupID = forPeople
		if slices.Contains([]string{"collect", "control"}, command.Name()) {
			command.GroupID = forWorkloads
		}
	}
	addProjectFlag(root)
	completeArguments(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError("%v (see %s --help)", err, cmd.CommandPath())
	})
	return root
}

// exitError ends the program with a code of its own and, where it has one, a message.
type exitError struct {
	code    int
	message string
}

func (e exitError) Error() string { return e.message }
