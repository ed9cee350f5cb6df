package main

import (
	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func newRollback() *cobra.Command {
	var asks asking
	var to int64
	command := &cobra.Command{
		Use:   "rollback MODEL",
		Short: "Put another registered version into production",
		Long: `Promote a version that was registered before, with the artifact and the code that it had. It is rolled out and watched
like any promotion, without a failed request, and needs neither training nor the gate.`,
		Example: `  mlops model history flight-delay
  mlops rollback flight-delay --to 1 --reason "version 2 is slow at night"`,
		Args: takes("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := asks.requireReason(cmd); err != nil {
				return err
			}
			if to < 1 {
				return usageError("name the version: mlops rollback %s --to N (mlops model history %s shows them)", args[0], args[0])
			}
			in, err := openModel(cmd, args[0])
			if err != nil {
				return err
			}
			_, err = asks.ask(cmd, in, mlops.Request{Action: mlops.ActionRollback, Model: args[0], Version: to})
			return err
		},
	}
	asks.flags(command)
	command.Flags().Int64Var(&to, "to", 0, "number of the version")
	return command
}

func newFreeze() *cobra.Command {
	return newHold(mlops.ActionFreeze, "freeze MODEL", "Stop starting runs and promoting versions of a model",
		"Nothing of the model starts and nothing is promoted until it is thawed. Serving, collecting and judging go on.",
		`  mlops freeze flight-delay --reason "holiday week"`)
}

func newThaw() *cobra.Command {
	return newHold(mlops.ActionThaw, "thaw MODEL", "Let a frozen model go on",
		"Undo mlops freeze: what waited goes on.",
		`  mlops thaw flight-delay --reason "holiday is over"`)
}

func newHold(action mlops.RequestAction, use, short, long, example string) *cobra.Command {
	var asks asking
	command := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Args: takes("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := asks.requireReason(cmd); err != nil {
				return err
			}
			in, err := openModel(cmd, args[0])
			if err != nil {
				return err
			}
			_, err = asks.ask(cmd, in, mlops.Request{Action: action, Model: args[0]})
			return err
		},
	}
	asks.flags(command)
	return command
}
