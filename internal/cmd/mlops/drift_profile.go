package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newDriftProfile() *cobra.Command {
	var between span
	command := &cobra.Command{
		Use:   "profile MONITOR --from TIME --to TIME",
		Short: "Count the hours of traffic of a span for good, ahead of time",
		Long: `Count every hour of a monitor's traffic in a span for good, as its first look would, and what came late since. That is worth
it before a monitor looks at a long window for the first time, and after the columns or ranges of a dataset were declared
anew: then traffic is counted again.`,
		Example: `  mlops drift profile flight-delay --from 2001-01-01 --to 2001-03-01`,
		Args:    takes("MONITOR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			start, end, err := between.times()
			if err != nil {
				return err
			}
			looker, err := newLooker(cmd, args[0])
			if err != nil {
				return err
			}
			made, err := looker.Profile(cmd.Context(), start, end)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s have their profiles", plural(made.Hours, "hour"))
			if made.LateRows > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "; %s came after their hour was counted", plural(made.LateRows, "row"))
			}
			fmt.Fprintln(cmd.OutOrStdout())
			return nil
		},
	}
	between.flags(command, "hour")
	addProjectFlag(command)
	return command
}
