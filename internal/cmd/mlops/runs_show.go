package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func newRunsShow() *cobra.Command {
	var asJSON bool
	var model string
	command := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run as a model card",
		Long: `Show what a run learned from, with what code and parameters, how it was judged against the champion (with intervals and
by slice), what happened when and why, what an approver is asked, and the end of the log of what failed.

` + runReference,
		Example: `  mlops runs show latest
  mlops runs show 3fa9
  mlops runs show latest --model flight-delay --json`,
		Args: takes("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := openProject(cmd)
			if err != nil {
				return err
			}
			defer progress(cmd.ErrOrStderr(), "reading the log")()
			run, err := lineage.FindRun(cmd.Context(), in, model, args[0], nil)
			if err != nil {
				return found(err)
			}
			card, err := lineage.ReadCard(cmd.Context(), in, run)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), card)
			}
			printCard(cmd.OutOrStdout(), card)
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	command.Flags().StringVar(&model, "model", "", "look for the run of this model only")
	return command
}

func printCard(to io.Writer, card lineage.Card) {
	run := card.Run
	fmt.Fprintf(to, "Run %s of model %s: %s", run.ID, card.Model, typeWords(run.State))
	if run.Version > 0 {
		fmt.Fprintf(to, ", version %d", run.Version)
	}
	fmt.Fprintln(to)
	table := newGrid(to, "  ")
	for i, cause := range run.Causes {
		table.row([]string{"cause", "also"}[min(i, 1)], lineage.CauseWords(cause))
	}
	table.row("asked by", actorWords(run.Actor)+", "+when(run.Created))
	if card.Owner != "" {
		table.row("owner", card.Owner)
	}
	if ending := lineage.Ending(run); ending != "" {
		table.row("why", ending)
	}
	if in := run.Inputs; in != nil {
		table.row("data", dataWords(in, card.Data))
		table.row("code", fmt.Sprintf("%s, source revision %s (training %s, revision %s)", in.Image, in.SourceRevision, in.Training, in.Revision))
		table.row("parameters", parameterWords(in.Parameters))
	}
	if out := run.Output; out != nil {
		table.row("artifact", fmt.Sprintf("sha256 %s, %s", out.ArtifactSHA256, bytesText(out.Bytes)))
		if out.ImageDigest != "" {
			table.row("image", out.ImageDigest)
		}
		if len(out.Metrics) > 0 {
			table.row("train said", strings.TrimPrefix(metricWords(out.Metrics), ", "))
		}
	}
	if run.Attempt > 0 {
		table.row("attempt", decimal(run.Attempt))
	}
	table.flush()
	if run.Judgement != nil {
		printJudgement(to, *run.Judgement, card.Gate)
	}
	if approval := run.Approval; approval != nil {
		fmt.Fprintln(to)
		paragraph(to, "", fmt.Sprintf("Decided by %s, %s: %s (artifact %s)", actorWords(approval.Actor), when(approval.Time), approval.Reason, short(approval.Digest)))
	}
	if card.Decision != nil {
		printDecision(to, run, *card.Decision)
	}
	printTimeline(to, card)
	if failure := run.Failure; failure != nil {
		printFailure(to, run, *failure)
	}
}

func actorWords(actor mlops.Actor) string {
	switch {
	case actor.Name == "":
		return "nobody"
	case actor == mlops.Controller:
		return "the controller"
	case actor.Verified:
		return actor.Name
	default:
		return actor.Name + " (unverified)"
	}
}

func dataWords(in *mlops.Inputs, manifest *mlops.DatasetManifest) string {
	text := fmt.Sprintf("%s version %d, training split", in.Dataset, in.DatasetVersion)
	if manifest != nil {
		text += ", " + splitWords(manifest.Training) + ", from " + manifest.Source
	}
	return text + ", sha256 " + short(in.TrainingSHA256)
}

func splitWords(split mlops.Split) string {
	text := plural(split.Rows, "row")
	if !split.From.IsZero() {
		text += fmt.Sprintf(" of %s to %s", when(split.From), when(split.To))
	}
	return text
}

func parameterWords(parameters map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		parts = append(parts, name+" = "+parameters[name])
	}
	return strings.Join(parts, ", ")
}

func printDecision(to io.Writer, run mlops.Run, asked lineage.Decision) {
	fmt.Fprintln(to, "\nTo decide")
	what := fmt.Sprintf("version %d would be the first champion", asked.Version)
	if asked.Replaces > 0 {
		what = fmt.Sprintf("version %d would replace version %d", asked.Version, asked.Replaces)
	}
	if len(asked.Deployments) > 0 {
		what += " in " + strings.Join(asked.Deployments, ", ")
	}
	fmt.Fprintf(to, "  %s\n  an approval is about artifact sha256 %s\n", what, asked.Digest)
	if !asked.Until.IsZero() {
		fmt.Fprintf(to, "  it expires at %s UTC\n", when(asked.Until))
	}
	if len(asked.Approvers) > 0 {
		fmt.Fprintf(to, "  approvers: %s\n", strings.Join(asked.Approvers, ", "))
	}
	if asked.FourEyes {
		fmt.Fprintf(to, "  four eyes: somebody else than who asked for it (%s)\n", orDash(strings.Join(run.Requesters, ", ")))
	}
	fmt.Fprintf(to, "  mlops approve %s --reason \"...\"\n  mlops decline %s --reason \"...\"\n", run.ID, run.ID)
}

func printTimeline(to io.Writer, card lineage.Card) {
	fmt.Fprintln(to, "\nEvents")
	table := newGrid(to, "  ")
	for _, moment := range card.Timeline {
		table.row(whenExactly(moment.Time), typeWords(moment.Type), moment.Actor.Name, moment.Text)
	}
	table.flush()
	if card.Broken != "" {
		fmt.Fprintf(to, "  the log cannot be read on: %s\n", oneLine(card.Broken))
	}
}

func printFailure(to io.Writer, run mlops.Run, failure mlops.Failure) {
	fmt.Fprintln(to)
	paragraph(to, "", fmt.Sprintf("Failed in %s, exit code %d: %s", failure.Step, failure.ExitCode, failure.Message))
	if failure.LogTail != "" {
		lines := strings.Split(strings.TrimRight(printable(failure.LogTail), "\n"), "\n")
		for _, line := range lines[max(0, len(lines)-tailLines):] {
			fmt.Fprintf(to, "  | %s\n", line)
		}
		if len(lines) > tailLines {
			fmt.Fprintf(to, "  the last %d lines; more with mlops logs %s\n", tailLines, run.ID)
		}
	}
	if run.State == mlops.RunFailed {
		fmt.Fprintf(to, "  mlops runs retry %s --reason \"...\"\n", run.ID)
	}
}

const tailLines = 40
