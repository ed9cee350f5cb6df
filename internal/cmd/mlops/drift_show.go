package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

func newDriftShow() *cobra.Command {
	var asJSON, open bool
	var html string
	command := &cobra.Command{
		Use:   "show MONITOR",
		Short: "Show a monitor's latest report and its open episodes",
		Example: `  mlops drift show flight-delay
  mlops drift show flight-delay --open
  mlops drift show flight-delay --html report.html
  mlops drift show flight-delay --json | jq .verdict`,
		Args: takes("MONITOR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON && open {
				return usageError("--json and --open: choose one")
			}
			in, state, err := openMonitor(cmd, args[0])
			if err != nil {
				return err
			}
			if len(state.Windows) == 0 {
				return nothingFound("drift monitor %q has not judged a window yet: it does on its schedule, or now with mlops drift run %s", args[0], args[0])
			}
			key := state.Windows[len(state.Windows)-1].Report
			data, err := in.Store.Read(cmd.Context(), key)
			if errors.Is(err, mlops.ErrNotFound) {
				return nothingFound("report %s is kept no longer", key)
			}
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				_, err = cmd.OutOrStdout().Write(append(data, '\n'))
				return err
			case open:
				return openReport(cmd, in, key)
			}
			var report mlops.DriftReport
			if err := json.Unmarshal(data, &report); err != nil {
				return fmt.Errorf("report %s: %w", key, err)
			}
			if html != "" {
				return writePage(cmd.Context(), in, state, report, html)
			}
			printReport(cmd.OutOrStdout(), report, state, htmlOf(in, key))
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	command.Flags().BoolVar(&open, "open", false, "open the report in a browser, as it was when the window was judged")
	command.Flags().StringVar(&html, "html", "", "write the report to this file, with what was decided since because of it")
	return command
}

// writePage writes the page of a report as of now.
func writePage(ctx context.Context, in *project.Project, state mlops.MonitorState, report mlops.DriftReport, file string) error {
	page, err := drift.PageOf(ctx, in, state, report)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if err := drift.WriteHTML(&content, report, page); err != nil {
		return err
	}
	return os.WriteFile(file, content.Bytes(), 0o644) //nolint:gosec // a page for people to pass on
}

// openMonitor opens the project and folds a monitor's log; a monitor that is not declared is named an error.
func openMonitor(cmd *cobra.Command, monitor string) (*project.Project, mlops.MonitorState, error) {
	in, err := openProject(cmd)
	if err != nil {
		return nil, mlops.MonitorState{}, err
	}
	if _, err := in.SpecDocument(cmd.Context(), mlops.KindDriftMonitor, monitor); err != nil {
		if errors.Is(err, mlops.ErrNotFound) {
			return nil, mlops.MonitorState{}, noMonitor(cmd.Context(), in, monitor)
		}
		return nil, mlops.MonitorState{}, found(err)
	}
	state, err := in.Monitor(cmd.Context(), monitor)
	return in, state, err
}

// noMonitor says of a monitor that is not declared which there are.
func noMonitor(ctx context.Context, in *project.Project, monitor string) error {
	declared, _ := in.Specs(ctx, mlops.KindDriftMonitor) // what can be read is enough to help
	if len(declared) == 0 {
		return nothingFound("there is no drift monitor %q, nor any other: declare an mlops_drift_monitor", monitor)
	}
	names := make([]string, len(declared))
	for i, one := range declared {
		names[i] = one.Document.Name
	}
	return nothingFound("there is no drift monitor %q: there is %s", monitor, strings.Join(names, ", "))
}

// htmlOf is the file of a report for people, or "" where the project is not in a folder.
func htmlOf(in *project.Project, key string) string {
	folder, err := local.Path(in.Place)
	if err != nil {
		return ""
	}
	return filepath.Join(folder, filepath.FromSlash(strings.TrimSuffix(key, ".json")+".html"))
}

func openReport(cmd *cobra.Command, in *project.Project, key string) error {
	file := htmlOf(in, key)
	if file == "" {
		return errors.New("the report is not in a folder of this machine")
	}
	fmt.Fprintln(cmd.OutOrStdout(), file)
	opener := map[string]string{"darwin": "open", "windows": "explorer"}[runtime.GOOS]
	if opener == "" {
		opener = "xdg-open"
	}
	if err := exec.CommandContext(context.WithoutCancel(cmd.Context()), opener, file).Start(); err != nil {
		return fmt.Errorf("no browser could be started (%w): open the file above", err)
	}
	return nil
}

func printReport(to io.Writer, report mlops.DriftReport, state mlops.MonitorState, html string) {
	fmt.Fprintf(to, "%s: %s\n", report.Monitor, report.Verdict)
	paragraph(to, "  ", report.Summary)
	table := newGrid(to, "  ")
	table.row("window", fmt.Sprintf("%s to %s, %s of %s (%d failed)", when(report.WindowStart), when(report.WindowEnd),
		plural(report.Rows, "row"), plural(report.Requests, "request"), report.Failed))
	table.row("served by", fmt.Sprintf("version %d of %s in deployment %s", report.ModelVersion, report.Model, report.Deployment))
	table.row("reference", fmt.Sprintf("%s, %s", report.Reference, plural(report.ReferenceRows, "row")))
	if report.Season != "" {
		table.row("season", strings.ReplaceAll(report.Season, "_", " "))
	}
	table.row("report", html)
	table.flush()
	for i, fault := range report.Quality {
		if i == 0 {
			fmt.Fprintln(to, "\nData quality")
		}
		paragraph(to, "  ", fmt.Sprintf("%s (%s): %s", fault.Feature, fault.Rule, fault.Message))
	}
	printPerformance(to, report.Performance)
	for i, finding := range report.Findings {
		if i == 0 {
			fmt.Fprintln(to, "\nWorth a look")
		}
		fmt.Fprintf(to, "  %s (%s): %s\n", finding.Feature, finding.Rule, oneLine(finding.Message))
	}
	printFeatures(to, report.Features)
	writeMultivariate(to, report.Multivariate)
	for i, episode := range state.Open() {
		if i == 0 {
			fmt.Fprintln(to, "\nOpen episodes")
		}
		fmt.Fprintf(to, "  %s\n", oneLine(episodeWords(episode)))
		if !episode.Accepted {
			fmt.Fprintf(to, "    to overrule it: mlops drift accept %s --reason \"...\"\n", report.Monitor)
		}
	}
}

// printPerformance says how the version does on the rows whose labels have come.
func printPerformance(to io.Writer, performance *mlops.Performance) {
	if performance == nil {
		return
	}
	fmt.Fprintf(to, "\nPerformance: %s of %s have a label", thousands(performance.Rows), plural(performance.Predicted, "predicted row"))
	if performance.Reason != "" {
		fmt.Fprintf(to, ": %s\n", performance.Reason)
		return
	}
	fmt.Fprintln(to)
	table := newGrid(to, "  ", "METRIC", "WINDOW", "HOLDOUT", "WORSE BY", "95 % INTERVAL", "LIMIT", "RESULT")
	for _, metric := range performance.Metrics {
		if metric.Reason != "" {
			table.row(metric.Name, "", "", "", "", "", metric.Reason)
			continue
		}
		table.row(metric.Name, number(&metric.Window), number(&metric.Reference), signed(&metric.Loss),
			fmt.Sprintf("%+.4f to %+.4f", metric.Low, metric.High), number(&metric.Tolerance), map[bool]string{true: "worse", false: "holds"}[metric.Worse])
	}
	table.flush()
}

func printFeatures(to io.Writer, features []mlops.FeatureReport) {
	if len(features) == 0 {
		return
	}
	fmt.Fprintln(to)
	table := newGrid(to, "  ", "FEATURE", "TYPE", "DRIFTED", "EFFECT", "THRESHOLD", "P", "NOTE")
	for _, feature := range features {
		p := ""
		if feature.PValue != nil {
			p = fmt.Sprintf("%.3g", *feature.PValue)
		}
		table.row(feature.Name, string(feature.Type), map[bool]string{true: "yes", false: "no"}[feature.Drifted],
			fmt.Sprintf("%.4f", feature.Effect), fmt.Sprintf("%.4f", feature.Threshold), p, feature.Message)
	}
	table.flush()
}
