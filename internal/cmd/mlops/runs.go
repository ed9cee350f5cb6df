package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func newRuns() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "runs [MODEL]",
		Short: "List runs, show one as a model card, cancel or retry one",
		Long: `List the runs of a model, or of all: those that are not over, and of each model the last fifty that are. Older ones are
found by id with mlops runs show.`,
		Example: `  mlops runs
  mlops runs flight-delay --json
  mlops runs show latest`,
		Args: takes("[MODEL]"),
		RunE: func(cmd *cobra.Command, args []string) error { return listRuns(cmd, args, asJSON) },
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	command.AddCommand(newRunsShow(), newRunsCancel(), newRunsRetry())
	return command
}

func listRuns(cmd *cobra.Command, args []string, asJSON bool) error {
	in, err := openProject(cmd)
	if err != nil {
		return err
	}
	var models []string
	if len(args) > 0 {
		models = args
		if err = found(lineage.RequireModel(cmd.Context(), in, args[0])); err != nil {
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return nothingFound("%v; or did you mean %s %s?", err, cmd.CommandPath(), near[0])
			}
		}
	} else {
		models, err = lineage.ModelNames(cmd.Context(), in)
	}
	if err != nil {
		return err
	}
	runs, err := lineage.Runs(cmd.Context(), in, models)
	if err != nil {
		return err
	}
	slices.SortStableFunc(runs, func(a, b lineage.Found) int { return b.Run.Created.Compare(a.Run.Created) })
	if asJSON {
		return printJSON(cmd.OutOrStdout(), runs)
	}
	if len(runs) == 0 {
		cmd.PrintErrln("no run yet: publish a dataset version, or ask for one with mlops train MODEL")
		return nil
	}
	table := newGrid(cmd.OutOrStdout(), "", "RUN", "MODEL", "STATE", "SINCE", "VERSION", "CAUSE", "WHY")
	for _, one := range runs {
		version := ""
		if one.Run.Version > 0 {
			version = decimal(one.Run.Version)
		}
		why := lineage.Ending(one.Run)
		if why == "" {
			why = brief(one.Run.Cause().Text)
		}
		table.row(one.Run.ID, one.Model, typeWords(one.Run.State), when(one.Run.Updated), version, causesWords(one.Run.Causes), why)
	}
	table.flush()
	return nil
}

// causesWords are the kinds of a run's causes: "drift and 1 more".
func causesWords(causes []mlops.Cause) string {
	if len(causes) == 0 {
		return ""
	}
	text := strings.ReplaceAll(string(causes[0].Kind), "_", " ")
	if more := len(causes) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
