package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// printJudgement shows candidate and champion side by side, by metric and by slice.
func printJudgement(to io.Writer, judged mlops.Judgement, gate mlops.Validation) {
	fmt.Fprintf(to, "\nJudged on the holdout of %s version %d: %s", judged.HoldoutDataset, judged.HoldoutVersion, plural(judged.HoldoutRows, "row"))
	if judged.ExcludedRows > 0 {
		fmt.Fprintf(to, ", without %s that either has learned from", plural(judged.ExcludedRows, "row"))
	}
	if judged.Champion > 0 {
		fmt.Fprintf(to, "; champion is version %d", judged.Champion)
	} else {
		fmt.Fprint(to, "; no champion yet")
	}
	fmt.Fprintf(to, ": %s\n", map[bool]string{true: "passed", false: "NOT passed"}[judged.Passed])
	table := newGrid(to, "  ", "METRIC", "CANDIDATE", "CHAMPION", "GAIN", "95 % INTERVAL", "RESULT", "GATE")
	for _, name := range slices.Sorted(maps.Keys(judged.Metrics)) {
		metric := judged.Metrics[name]
		interval := ""
		if metric.Low != nil && metric.High != nil {
			interval = fmt.Sprintf("%+.4f to %+.4f", *metric.Low, *metric.High)
		}
		table.row(name, number(&metric.Candidate), number(metric.Champion), signed(metric.Gain), interval,
			resultWords(metric.Passed, ""), joined(gateWords(gate.Metrics, name), metric.Method, metric.Reason))
	}
	table.flush()
	for _, column := range slices.Sorted(maps.Keys(judged.Slices)) {
		printSlice(to, column, judged.Slices[column], gate)
	}
	for _, reason := range judged.Reasons {
		paragraph(to, "  ", "- "+reason)
	}
}

func printSlice(to io.Writer, column string, slice mlops.SliceJudgement, gate mlops.Validation) {
	limit := ""
	if declared, ok := gate.Slices[column]; ok {
		limit = fmt.Sprintf(" (at most %.4g)", declared.MaximumGap)
	}
	fmt.Fprintf(to, "\n  Slices by %s: gap of %s %.4f%s: %s\n", column, slice.Metric, slice.Gap, limit, resultWords(slice.Passed, ""))
	table := newGrid(to, "    ", strings.ToUpper(column), "ROWS", "CANDIDATE", "CHAMPION")
	for _, value := range slices.Sorted(maps.Keys(slice.Values)) {
		one := slice.Values[value]
		table.row(value, thousands(one.Rows), number(&one.Candidate), number(one.Champion))
	}
	table.flush()
}

// joined puts what there is into one cell.
func joined(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), "; ")
}

func gateWords(gates map[string]mlops.Gate, name string) string {
	gate, ok := gates[name]
	if !ok {
		return ""
	}
	text := string(gate.Goal)
	if gate.Minimum != nil {
		text += fmt.Sprintf(", at least %.4g", *gate.Minimum)
	}
	if gate.Maximum != nil {
		text += fmt.Sprintf(", at most %.4g", *gate.Maximum)
	}
	return text + fmt.Sprintf(", tolerance %.4g", gate.Tolerance)
}

func resultWords(passed bool, reason string) string {
	switch {
	case passed:
		return "passed"
	case reason == "":
		return "NOT passed"
	default:
		return "NOT passed: " + oneLine(reason)
	}
}

func number(value *float64) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf("%.4f", *value)
}

func signed(value *float64) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf("%+.4f", *value)
}
