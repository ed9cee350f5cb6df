package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/status"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func newStatus() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "status [MODEL]",
		Short: "Show what is in production, what is under way and what to do next",
		Example: `  mlops status
  mlops status flight-delay
  mlops status --json | jq '.models[].champion.version'`,
		Args: takes("[MODEL]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := openProject(cmd)
			if err != nil {
				return err
			}
			model := ""
			if len(args) > 0 {
				model = args[0]
			}
			done := progress(cmd.ErrOrStderr(), "reading the project")
			view, err := status.Read(cmd.Context(), in, model)
			done()
			if err != nil {
				return found(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), view)
			}
			printStatus(cmd.OutOrStdout(), view)
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return command
}

func printStatus(to io.Writer, view status.View) {
	fmt.Fprintf(to, "Project %s at %s, %s UTC\n", orDash(view.Project), view.Place, when(view.Time))
	switch {
	case !view.Runner.Running:
		fmt.Fprintf(to, "Runner  %s\n", view.Runner.Message)
	case !view.Runner.Control:
		fmt.Fprintf(to, "Runner  running; %s\n", view.Runner.Message)
	default:
		fmt.Fprintln(to, "Runner  running; the controller is ready")
	}
	if view.Outdated != "" {
		fmt.Fprintf(to, "Version %s: nothing is decided or changed until then\n", view.Outdated)
	}
	for _, model := range view.Models {
		printModel(to, model)
	}
	if len(view.Models) == 0 {
		fmt.Fprintln(to, "\nNo model is declared yet: add an mlops_model and run terraform apply")
	}
	if len(view.Notifications) > 0 {
		fmt.Fprintln(to, "\nNotifications")
		table := newGrid(to, "  ")
		for _, told := range view.Notifications {
			table.row(when(told.Time), typeWords(mlops.EventType(told.Topic)), brief(told.Summary))
		}
		table.flush()
	}
	for i, fault := range view.Faults {
		if i == 0 {
			fmt.Fprintln(to, "\nCannot be read")
		}
		fmt.Fprintf(to, "  %s\n", oneLine(fault))
	}
	if len(view.Next) > 0 {
		fmt.Fprintln(to, "\nNext")
		table := newGrid(to, "  ")
		table.empty = ""
		for _, step := range view.Next {
			why := ""
			if step.Why != "" {
				why = "# " + oneLine(step.Why)
			}
			table.row(step.Command, why)
		}
		table.flush()
	}
}

func printModel(to io.Writer, model status.Model) {
	fmt.Fprintf(to, "\nModel %s", model.Name)
	if model.Owner != "" {
		fmt.Fprintf(to, " (%s)", model.Owner)
	}
	fmt.Fprintln(to)
	table := newGrid(to, "  ")
	if model.Parked != "" {
		table.row("QUARANTINED", model.Parked)
	}
	if model.Frozen != nil {
		table.row("FROZEN", fmt.Sprintf("since %s by %s: %s", when(model.Frozen.Time), model.Frozen.Actor.Name, model.Frozen.Reason))
	}
	table.row("champion", championWords(model))
	for _, image := range model.PushedAgain {
		table.row("image", pushedAgainWords(image))
	}
	for _, run := range model.Open {
		table.row("run", fmt.Sprintf("%s  %s since %s: %s (cause: %s)", run.ID, typeWords(run.State), when(run.Since), run.Waits, run.Cause))
	}
	if last := model.Last; last != nil {
		line := fmt.Sprintf("%s  %s %s", last.ID, typeWords(last.State), when(last.Since))
		if last.Waits != "" {
			line += ": " + last.Waits
		}
		table.row("last run", line)
	}
	for _, deployment := range model.Deployments {
		table.row("deployment", deploymentWords(deployment))
	}
	for _, monitor := range model.Monitors {
		table.row("monitor", monitorWords(monitor))
		for _, episode := range monitor.Episodes {
			table.row("episode", episodeWords(episode))
		}
	}
	table.flush()
}

func championWords(model status.Model) string {
	champion := model.Champion
	if champion == nil {
		return "none yet"
	}
	return fmt.Sprintf("version %d since %s, trained on %s version %d with %s%s", champion.Version, when(champion.Since),
		champion.Dataset, champion.DatasetVersion, champion.Image, metricWords(champion.Metrics))
}

// pushedAgainWords says which versions were made with which image of one name.
func pushedAgainWords(image mlops.PushedAgain) string {
	var parts []string
	for _, version := range slices.Sorted(maps.Keys(image.Versions)) {
		parts = append(parts, fmt.Sprintf("%s for version %d", image.Versions[version], version))
	}
	return fmt.Sprintf("%s was pushed again: it was %s", image.Image, strings.Join(parts, ", "))
}

// metricWords is ", auc 0.7123" for each metric in order of name.
func metricWords(metrics map[string]float64) string {
	names := make([]string, 0, len(metrics))
	for name := range metrics {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		fmt.Fprintf(&text, ", %s %.4g", name, metrics[name])
	}
	return text.String()
}

func deploymentWords(deployment status.Deployment) string {
	text := fmt.Sprintf("%s  %d/%d ready", deployment.Name, deployment.Ready, deployment.Replicas)
	if len(deployment.Served) > 0 {
		text += ", serves version " + numbers(deployment.Served)
	}
	if wanted := deployment.Wanted; wanted > 0 && !slices.Equal(deployment.Served, []int64{wanted}) {
		text += fmt.Sprintf(", wants version %d", wanted)
	}
	if !deployment.InSync {
		text += ", changed by hand"
	}
	if deployment.LostRecords > 0 {
		text += fmt.Sprintf(", %d records lost", deployment.LostRecords)
	}
	if deployment.Message != "" {
		text += ", " + deployment.Message
	}
	return text + "  " + deployment.Endpoint
}

func numbers(values []int64) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = decimal(value)
	}
	return strings.Join(texts, " and ")
}

func monitorWords(monitor status.Monitor) string {
	switch {
	case monitor.Parked != "":
		return monitor.Name + "  QUARANTINED: " + monitor.Parked
	case monitor.Verdict == "":
		return monitor.Name + "  has not judged a window yet"
	default:
		return fmt.Sprintf("%s  %s, window to %s: %s", monitor.Name, monitor.Verdict, when(monitor.WindowEnd), brief(monitor.Summary))
	}
}

func episodeWords(episode mlops.Episode) string {
	text := fmt.Sprintf("%s  %s, open since %s", episode.ID, episode.Verdict, when(episode.Opened))
	if episode.Accepted {
		text += ", accepted: " + episode.Reason
	}
	return text
}

func orDash(text string) string {
	if text == "" {
		return dash
	}
	return text
}
