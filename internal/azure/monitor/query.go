package monitor

import (
	"fmt"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// condition is the query of a signal over the component's table customMetrics, and when it fires.
func condition(signal Signal, project, place string, objects []string, limit float64) Condition {
	of := func(names ...string) string {
		return fmt.Sprintf("customMetrics\n| where name in (%s) and tostring(customDimensions.%s) == %s and tostring(customDimensions.%s) == %s",
			literals(names), mlops.LabelProject, literal(project), mlops.LabelPlace, literal(mlops.PlaceMark(place)))
	}
	found := Condition{Dimensions: []Dimension{}, TimeAggregation: "Maximum", MetricMeasureColumn: "measured", Operator: "GreaterThan", Threshold: limit, FailingPeriods: FailingPeriods{1, 1}}
	split := func(column string) {
		found.Dimensions = []Dimension{{Name: column, Operator: "Include", Values: []string{"*"}}}
	}
	switch signal {
	case SignalSilent: // a summary without "by" has one row also of nothing
		found.Query = of(mlops.MetricControl) + "\n| summarize measured = count()"
		found.TimeAggregation, found.Operator, found.Threshold = "Total", "LessThan", 1
	case SignalFailing:
		found.Query = of(mlops.MetricRequests, mlops.MetricRequestFailures) + deployments(objects) + fmt.Sprintf(
			"\n| summarize all = sumif(valueSum, name == %s), failed = sumif(valueSum, name == %s) by deployment\n| where all > 0\n| project deployment, measured = failed / all",
			literal(mlops.MetricRequests), literal(mlops.MetricRequestFailures))
		split("deployment")
	case SignalSlow: // the mean of what the replicas say
		found.Query = of(mlops.MetricRequestP95) + deployments(objects) + "\n| summarize measured = sum(valueSum) / sum(valueCount) by deployment"
		split("deployment")
	case SignalIdle: // a summary without "by" has one row also of nothing: collectors that are gone are no traffic, too
		found.Query = "let requests = " + of(mlops.MetricRequests) + deployments(objects) + ";\nunion " + strings.Join(each(objects, func(name string) string {
			return fmt.Sprintf("(requests | where deployment == %s | summarize measured = sum(valueSum) | extend deployment = %[1]s)", literal(name))
		}), ", ")
		found.Operator = "LessThan"
		split("deployment")
	default:
		found.Query = of(mlops.MetricAttention) + fmt.Sprintf(" and tostring(customDimensions.%s) == %s", mlops.LabelTopic, literal(string(signal))) +
			fmt.Sprintf("\n| extend object = tostring(customDimensions.%s)", mlops.LabelObject) + among("object", objects) +
			"\n| summarize arg_max(timestamp, valueSum, valueCount) by object\n| project timestamp, object, measured = valueSum / valueCount"
		found.Threshold = 0
		split("object")
	}
	return found
}

func deployments(names []string) string {
	return "\n| extend deployment = tostring(customDimensions.deployment)" + among("deployment", names)
}

func among(column string, values []string) string {
	if len(values) == 0 {
		return ""
	}
	return fmt.Sprintf("\n| where %s in (%s)", column, literals(values))
}

func literals(values []string) string {
	return strings.Join(each(values, literal), ", ")
}

// literal is a string of the query language.
func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`).Replace(text) + "'"
}

func each(values []string, text func(string) string) []string {
	texts := make([]string, 0, len(values))
	for _, value := range values {
		texts = append(texts, text(value))
	}
	return texts
}
