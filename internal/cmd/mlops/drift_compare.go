package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats/peer"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// exitDrifted ends `mlops drift compare --fail-on`, so that a pipeline can tell a verdict from an error.
const exitDrifted = 3

// collectAt is the garbage, in percent of what is held, at which memory is collected.
const collectAt = 40

// compareRequest is what the command line asks of a comparison.
type compareRequest struct {
	reference, current string
	format, output     string
	methods, types     []string
	failOn             string
	multivariate       bool
}

// failures says which verdicts --fail-on counts.
var failures = map[string]func(mlops.Verdict) bool{
	"never":        func(mlops.Verdict) bool { return false },
	"drift":        mlops.Verdict.Drifted,
	"data_quality": func(v mlops.Verdict) bool { return v == mlops.VerdictDataQuality },
	"any":          func(v mlops.Verdict) bool { return v != mlops.VerdictStable },
}

func newDriftCompare() *cobra.Command {
	var request compareRequest
	command := &cobra.Command{
		Use:   "compare --reference FILE --current FILE",
		Short: "Compare any two CSV, JSON-lines or Parquet files, plain or gzip or zstd; needs no project",
		Long: `Compare two files by column and say what has changed: data quality first (types, nulls, units), then drift. A column has
drifted when its effect (PSI) reaches a threshold that follows the number of rows and the reference's own days, and its change
is significant after correction for the number of columns.

Types are guessed from the reference: number, boolean, timestamp, category; a text column is not compared. --methods adds or
selects numbers: "all", or ids such as psi/quantile10,scipy/ks,evidently/psi. Ids with a project's name follow that project's
definition; the verdict is always ours. mlops drift methods lists them with their bins.

The exit code is 0 whatever the verdict, unless --fail-on says otherwise (then 3).`,
		Example: `  mlops drift compare --reference january.csv --current february.csv
  mlops drift compare --reference a.parquet --current b.parquet --format html --output report.html
  mlops drift compare --reference a.csv --current b.csv --methods all --format json | jq '.features[0]'
  mlops drift compare --reference a.csv --current b.csv --type zip=category --fail-on drift`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error { return request.run(cmd) },
	}
	flags := command.Flags()
	flags.StringVar(&request.reference, "reference", "", "`FILE` with what is known to be good")
	flags.StringVar(&request.current, "current", "", "`FILE` to judge")
	flags.StringVar(&request.format, "format", "table", "json, table or html")
	flags.StringVar(&request.output, "output", "", "`FILE` to write instead of standard output")
	flags.StringSliceVar(&request.methods, "methods", nil, `"all", or ids of methods with commas; ours unless given`)
	flags.StringSliceVar(&request.types, "type", nil, "`column=type` where the guess is wrong: number, category, boolean, timestamp, text; may be repeated")
	flags.BoolVar(&request.multivariate, "multivariate", false, "look at all columns together, too: a change in how they hang together")
	flags.StringVar(&request.failOn, "fail-on", "never", "verdicts that end with exit code 3: never, drift, data_quality, any")
	return command
}

func (r compareRequest) run(cmd *cobra.Command) error {
	types, err := r.check()
	if err != nil {
		return err
	}
	// Large columns come and go: what they leave behind is collected before it amounts to as much as is held.
	defer debug.SetGCPercent(debug.SetGCPercent(collectAt))
	reference, err := table.Open(r.reference)
	if err != nil {
		return fmt.Errorf("--reference %w", err)
	}
	defer reference.Close()
	current, err := table.Open(r.current)
	if err != nil {
		return fmt.Errorf("--current %w", err)
	}
	defer current.Close()
	comparison, err := drift.CompareFiles(cmd.Context(), mlops.DriftMonitor{Multivariate: r.multivariate}, reference, current, types)
	if err != nil {
		return fmt.Errorf("compare %s with %s: %w", r.reference, r.current, err)
	}
	comparison.Report.Reference = filepath.Base(r.reference)
	if len(r.methods) > 0 {
		if err := selectMethods(&comparison, r.methods); err != nil {
			return err
		}
	}
	var content bytes.Buffer
	switch r.format {
	case "json":
		err = writeCompareJSON(&content, comparison)
	case "html":
		err = drift.WriteHTML(&content, comparison.Report, drift.Page{Title: filepath.Base(r.current) + " against " + filepath.Base(r.reference), Notes: comparison.Notes})
	default:
		writeCompareTable(&content, r, comparison)
	}
	if err != nil {
		return err
	}
	if err := r.write(cmd, content.Bytes()); err != nil {
		return err
	}
	if verdict := comparison.Report.Verdict; failures[r.failOn](verdict) {
		return exitError{code: exitDrifted, message: fmt.Sprintf("the verdict is %s, and --fail-on is %s", verdict, r.failOn)}
	}
	return nil
}

// check refuses what the command line cannot mean, and reads the types.
func (r compareRequest) check() (map[string]mlops.ColumnType, error) {
	if r.reference == "" || r.current == "" {
		return nil, usageError("name both files: --reference FILE --current FILE (CSV, JSON lines or Parquet)")
	}
	if !slices.Contains([]string{"json", "table", "html"}, r.format) {
		return nil, usageError("--format %q: use json, table or html", r.format)
	}
	if failures[r.failOn] == nil {
		return nil, usageError("--fail-on %q: use never, drift, data_quality or any", r.failOn)
	}
	if err := checkMethods(r.methods); err != nil {
		return nil, err
	}
	types := map[string]mlops.ColumnType{}
	for _, text := range r.types {
		name, columnType, ok := strings.Cut(text, "=")
		if !ok || !slices.Contains(mlops.ColumnTypes, mlops.ColumnType(columnType)) {
			return nil, usageError("--type %q: write column=type with a type of %v", text, mlops.ColumnTypes)
		}
		types[name] = mlops.ColumnType(columnType)
	}
	return types, nil
}

func (r compareRequest) write(cmd *cobra.Command, content []byte) error {
	if r.output == "" {
		_, err := cmd.OutOrStdout().Write(content)
		return err
	}
	if err := os.WriteFile(r.output, content, 0o644); err != nil { //nolint:gosec // a report that its owner asked for
		return fmt.Errorf("--output: %w", err)
	}
	cmd.PrintErrln("wrote " + r.output)
	return nil
}

// selectMethods adds peers' numbers to each feature, and keeps those that were asked for.
func selectMethods(comparison *drift.Comparison, ids []string) error {
	all := slices.Equal(ids, []string{"all"})
	if all {
		ids = methodIDs()
	}
	complete := comparison.Complete()
	peers := slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(peer.IDs(), id) })
	for i := range comparison.Report.Features {
		feature := &comparison.Report.Features[i]
		if peers {
			pair, err := comparison.Pair(feature.Name)
			if err != nil {
				return err
			}
			feature.Metrics = append(feature.Metrics, peer.MeasureSome(pair.Reference, pair.Current, complete, ids)...)
		}
		if !all {
			feature.Metrics = slices.DeleteFunc(feature.Metrics, func(m mlops.MetricReport) bool { return !slices.Contains(ids, m.Method) })
		}
	}
	return nil
}

// writeCompareJSON is for programs: full precision, no charts.
func writeCompareJSON(to io.Writer, comparison drift.Comparison) error {
	report := comparison.Report
	features := slices.Clone(report.Features)
	for i := range features {
		features[i].Chart = nil
	}
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		Verdict       mlops.Verdict              `json:"verdict"`
		Summary       string                     `json:"summary"`
		Rows          int64                      `json:"rows"`
		ReferenceRows int64                      `json:"reference_rows"`
		Quality       []mlops.QualityFault       `json:"quality,omitempty"`
		Findings      []mlops.QualityFault       `json:"findings,omitempty"`
		Features      []mlops.FeatureReport      `json:"features"`
		Multivariate  []mlops.MultivariateReport `json:"multivariate,omitempty"`
		Notes         []string                   `json:"notes,omitempty"`
	}{report.Verdict, report.Summary, report.Rows, report.ReferenceRows, report.Quality, report.Findings, features, report.Multivariate, comparison.Notes})
}

// writeCompareTable is for people.
func writeCompareTable(to io.Writer, r compareRequest, comparison drift.Comparison) {
	out := bufio.NewWriter(to)
	defer out.Flush() //nolint:errcheck // to is a buffer
	report := comparison.Report
	fmt.Fprintf(out, "%s\n%s\n\n", strings.ToUpper(string(report.Verdict)), wrap(report.Summary, 100, ""))
	width := max(len(r.reference), len(r.current))
	fmt.Fprintf(out, "  reference  %-*s  %d rows\n", width, r.reference, report.ReferenceRows)
	fmt.Fprintf(out, "  current    %-*s  %d rows\n", width, r.current, report.Rows)
	if len(report.Quality) > 0 {
		fmt.Fprint(out, "\nData quality\n")
		for _, fault := range report.Quality {
			fmt.Fprintf(out, "  ! %s\n", wrap(fault.Message, 96, "    "))
		}
	}
	if len(report.Findings) > 0 {
		fmt.Fprint(out, "\nWorth a look\n")
		for _, finding := range report.Findings {
			fmt.Fprintf(out, "  - %s\n", wrap(finding.Message, 96, "    "))
		}
	}
	writeFeatures(out, report.Features)
	writeMultivariate(out, report.Multivariate)
	if len(r.methods) > 0 {
		writeMethods(out, report.Features)
	}
	if len(comparison.Notes) > 0 {
		fmt.Fprint(out, "\nNotes\n")
		for _, note := range comparison.Notes {
			fmt.Fprintf(out, "  %s\n", note)
		}
	}
}

// writeFeatures shows each feature's effect as a bar that reaches the middle at its threshold.
func writeFeatures(out io.Writer, features []mlops.FeatureReport) {
	width := len("feature")
	for _, feature := range features {
		width = max(width, len([]rune(feature.Name)))
	}
	fmt.Fprintf(out, "\n  %-*s  %-8s  %-12s  %8s  %8s  %s\n", width, "feature", "type", "change", "PSI", "limit", "p")
	for _, feature := range features {
		mark := " "
		if feature.Drifted {
			mark = "*"
		}
		p := "-"
		if feature.PValue != nil {
			p = fmt.Sprintf("%.2g", *feature.PValue)
			if *feature.PValue < 1e-12 {
				p = "< 1e-12"
			}
		}
		fmt.Fprintf(out, "%s %-*s  %-8s  %-12s  %8.4f  %8.4f  %s\n", mark, width, feature.Name, feature.Type, gauge(feature.Effect/feature.Threshold), feature.Effect, feature.Threshold, p)
		if feature.Drifted && feature.Message != "" {
			fmt.Fprintf(out, "    %s\n", wrap(feature.Message, 96, "    "))
		}
	}
	fmt.Fprint(out, "\n  * has drifted: PSI (psi/quantile10, psi/levels) reaches the limit, and p (corrected) is at most ", drift.Significance, "\n")
}

// writeMultivariate shows what all features show together.
func writeMultivariate(out io.Writer, reports []mlops.MultivariateReport) {
	for i, report := range reports {
		if i == 0 {
			fmt.Fprint(out, "\nAll columns together\n")
		}
		mark := " "
		if report.Drifted {
			mark = "*"
		}
		if report.Value == nil {
			fmt.Fprintf(out, "%s %-28s  %s\n", mark, report.Method, report.Reason)
			continue
		}
		fmt.Fprintf(out, "%s %-28s  %8.4f  limit %.4f  p %.2g\n", mark, report.Method, *report.Value, report.Threshold, *report.PValue)
	}
}

// gauge draws how near a value is to its limit: half of ten cells is the limit.
func gauge(ratio float64) string {
	filled := 10
	if ratio < 2 {
		filled = max(0, int(5*ratio+0.5))
	}
	cells := strings.Repeat("█", filled) + strings.Repeat("·", 10-filled)
	runes := []rune(cells)
	return string(runes[:5]) + "|" + string(runes[5:])
}

// writeMethods lists every number by method.
func writeMethods(out io.Writer, features []mlops.FeatureReport) {
	for _, feature := range features {
		fmt.Fprintf(out, "\n  %s\n", feature.Name)
		for _, metric := range feature.Metrics {
			value, p := "-", ""
			if metric.Value != nil {
				value = fmt.Sprintf("%.6g", *metric.Value)
			}
			if metric.PValue != nil {
				p = fmt.Sprintf("p = %.4g", *metric.PValue)
			}
			fmt.Fprintf(out, "    %-28s  %12s  %s\n", metric.Method, value, strings.TrimSpace(p+"  "+metric.Reason))
		}
	}
}

// wrap breaks text at spaces, so that no line is longer than width where words allow it.
func wrap(text string, width int, indent string) string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n"+indent)
}
