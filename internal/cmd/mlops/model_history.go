package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func newModel() *cobra.Command {
	return group(&cobra.Command{Use: "model", Short: "Ask the registry about a model"}, newModelHistory)
}

func newModelHistory() *cobra.Command {
	var asJSON bool
	var at string
	command := &cobra.Command{
		Use:   "history MODEL",
		Short: "Show who was champion when, trained on what, and who let it in",
		Long: `Show every time a version was in production: from when to when, trained on which rows with which code, and who let it
in and why. --at answers "what was in production on 3 May?": a day in UTC, or a moment.`,
		Example: `  mlops model history flight-delay
  mlops model history flight-delay --at 2026-05-03
  mlops model history flight-delay --at 2026-05-03T14:30:00Z --json`,
		Args: takes("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := openProject(cmd)
			if err != nil {
				return err
			}
			var from, to time.Time
			if at != "" {
				if from, to, err = lineage.ParseSpan(at); err != nil {
					return usageError("--at %v", err)
				}
			}
			defer progress(cmd.ErrOrStderr(), "reading the log")()
			history, err := lineage.ReadHistory(cmd.Context(), in, args[0])
			if err != nil {
				return found(err)
			}
			if at != "" {
				history = history.Between(from, to)
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), history)
			} else {
				printHistory(cmd.OutOrStdout(), history)
			}
			if err == nil && at != "" && len(history.Stints) == 0 {
				return nothingFound("no version of %s was in production at %s", args[0], at)
			}
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	command.Flags().StringVar(&at, "at", "", "only what was in production on that day (2026-05-03) or at that moment (2026-05-03T14:30:00Z), UTC")
	return command
}

func printHistory(to io.Writer, history lineage.History) {
	if len(history.Stints) == 0 {
		fmt.Fprintf(to, "%s: nothing in production\n", history.Model)
	} else {
		table := newGrid(to, "", "VERSION", "FROM", "TO", "DATA", "IMAGE", "LET IN BY", "WHY")
		for _, stint := range history.Stints {
			table.row(decimal(stint.Version), when(stint.From), until(stint.To),
				fmt.Sprintf("%s/%d", stint.Trained.Dataset, stint.Trained.DatasetVersion), codeWords(stint.Trained), letInBy(stint), stintWhy(stint))
		}
		table.flush()
	}
	for i, tried := range history.Tried {
		if i == 0 {
			fmt.Fprintln(to, "\nWent back before the alias moved")
		}
		fmt.Fprintf(to, "  version %d, %s, run %s: %s\n", tried.Version, when(tried.Time), tried.RunID, oneLine(tried.Reason))
	}
	if history.Broken != "" {
		fmt.Fprintf(to, "\nThe log cannot be read on: %s\nSee mlops audit verify\n", oneLine(history.Broken))
	}
}

func until(t *time.Time) string {
	if t == nil {
		return "now"
	}
	return when(*t)
}

func letInBy(stint lineage.Stint) string {
	switch {
	case stint.Approved != nil && stint.Approved.Actor != mlops.Controller:
		return actorWords(stint.Approved.Actor)
	case stint.Cause.Kind == mlops.CauseRollback:
		return actorWords(stint.By)
	default:
		return "the policy"
	}
}

// codeWords is an image, and its source revision where that is more than the image's tag.
func codeWords(trained lineage.Trained) string {
	if trained.SourceRevision == "" || strings.HasSuffix(trained.Image, ":"+trained.SourceRevision) {
		return trained.Image
	}
	return trained.Image + " at " + trained.SourceRevision
}

func stintWhy(stint lineage.Stint) string {
	why := brief(lineage.CauseWords(stint.Cause))
	if stint.Reason != "" && stint.Reason != stint.Cause.Text {
		why += "; " + stint.Reason
	}
	if stint.Approved != nil && stint.Approved.Reason != "" && stint.Approved.Reason != stint.Cause.Text {
		why += "; approved: " + stint.Approved.Reason
	}
	return why
}
