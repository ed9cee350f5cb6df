package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// placeholders are how the use lines of commands call what they are asked about, and what a shell may complete there.
var placeholders = map[string]func(*cobra.Command, *project.Project) []string{
	"MODEL":   namesOf(mlops.KindModel),
	"DATASET": namesOf(mlops.KindDataset),
	"MONITOR": namesOf(mlops.KindDriftMonitor),
	"NAME":    namesOf(mlops.KindDeployment),
	"RUN":     runNames,
}

// completeArguments lets shells complete the first argument of every command from what the project holds.
func completeArguments(command *cobra.Command) {
	for _, child := range command.Commands() {
		completeArguments(child)
	}
	words := strings.Fields(command.Use)
	if len(words) < 2 {
		return
	}
	names, ok := placeholders[strings.Trim(words[1], "[]")]
	if !ok {
		return
	}
	command.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		in, err := openProject(cmd)
		if err != nil { // a shell has nowhere to show it
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(cmd, in), cobra.ShellCompDirectiveNoFileComp
	}
}

func namesOf(kind mlops.Kind) func(*cobra.Command, *project.Project) []string {
	return func(cmd *cobra.Command, in *project.Project) []string {
		declared, _ := in.Specs(cmd.Context(), kind) // what can be read is offered
		names := make([]string, len(declared))
		for i, one := range declared {
			names[i] = one.Document.Name
		}
		return names
	}
}

func runNames(cmd *cobra.Command, in *project.Project) []string {
	names := []string{lineage.Latest}
	models, err := lineage.ModelNames(cmd.Context(), in)
	if err != nil {
		return names
	}
	runs, _ := lineage.Runs(cmd.Context(), in, models) // what can be read is offered
	for _, one := range runs {
		names = append(names, one.Run.ID+"\t"+one.Model+", "+typeWords(one.Run.State))
	}
	return names
}
