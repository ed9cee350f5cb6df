package drift

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// numberMessage says in words how a number has moved.
func numberMessage(reference stats.NumberProfile, sorted []float64) string {
	before, now := stats.Quantile(reference.Sample, 0.5), stats.Quantile(sorted, 0.5)
	message := fmt.Sprintf("median %s, was %s", number(now), number(before))
	low := fmt.Sprintf("%s to %s", number(stats.Quantile(sorted, 0.05)), number(stats.Quantile(sorted, 0.95)))
	was := fmt.Sprintf("%s to %s", number(stats.Quantile(reference.Sample, 0.05)), number(stats.Quantile(reference.Sample, 0.95)))
	if low != was {
		message += fmt.Sprintf("; most values %s, were %s", low, was)
	}
	return message
}

// change is how far one value of a category moved.
type change struct {
	level       string
	before, now float64
}

// changesOf are the changes of all values of both sides, in no order.
func changesOf(reference stats.CategoryProfile, counts map[string]int64) []change {
	n, m := reference.Other, int64(0)
	for _, count := range reference.Counts {
		n += count
	}
	for _, count := range counts {
		m += count
	}
	all := make([]change, 0, len(reference.Counts)+len(counts))
	for level, count := range reference.Counts {
		all = append(all, change{level, float64(count) / float64(n), float64(counts[level]) / float64(m)})
	}
	for level, count := range counts {
		if _, known := reference.Counts[level]; !known {
			all = append(all, change{level, 0, float64(count) / float64(m)})
		}
	}
	return all
}

// firstLevels are the first changes in some order, at most so many. There may be thousands of levels, and few are told.
func firstLevels(all []change, limit int, order func(a, b change) int) []change {
	first := make([]change, 0, limit+1) // kept sorted
	for _, c := range all {
		if len(first) == limit && order(c, first[limit-1]) >= 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(first, c, order)
		first = slices.Insert(first, at, c)
		first = first[:min(limit, len(first))]
	}
	return first
}

// byMovement puts the largest change of a share first, equal ones by name.
func byMovement(a, b change) int {
	return cmp.Or(cmp.Compare(math.Abs(b.now-b.before), math.Abs(a.now-a.before)), cmp.Compare(a.level, b.level))
}

// byShare puts the largest share of either side first, equal ones by name.
func byShare(a, b change) int {
	return cmp.Or(cmp.Compare(math.Max(b.before, b.now), math.Max(a.before, a.now)), cmp.Compare(a.level, b.level))
}

// categoryMessage says in words which values moved, and how many are new.
func categoryMessage(reference stats.CategoryProfile, counts map[string]int64, changes []change) string {
	var rows, unseen int64
	values := 0
	for level, count := range counts {
		rows += count
		if _, known := reference.Counts[level]; !known {
			unseen += count
			values++
		}
	}
	var parts []string
	if unseen > 0 && reference.Other == 0 {
		noun := "values"
		if values == 1 {
			noun = "value"
		}
		parts = append(parts, fmt.Sprintf("%s of rows have %d %s that the reference lacks", percent(float64(unseen)/float64(rows)), values, noun))
	}
	for _, c := range firstLevels(changes, 3, byMovement) {
		if percent(c.now) == percent(c.before) {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s, was %s", short(c.level), percent(c.now), percent(c.before)))
	}
	return strings.Join(parts, "; ")
}

// number writes a number for people: four digits, no exponent where it can be helped.
func number(x float64) string {
	switch magnitude := math.Abs(x); {
	case magnitude >= 1e15 || magnitude != 0 && magnitude < 1e-4:
		return strconv.FormatFloat(x, 'g', 4, 64)
	case magnitude >= 1000:
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	default:
		return strconv.FormatFloat(significant(x, 4), 'f', -1, 64)
	}
}

func significant(x float64, digits int) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}

// percent writes a share.
func percent(share float64) string {
	switch {
	case share == 0:
		return "0 %"
	case share < 0.0005:
		return "below 0.1 %"
	case share < 0.0995:
		return strconv.FormatFloat(100*share, 'f', 1, 64) + " %"
	default:
		return strconv.FormatFloat(100*share, 'f', 0, 64) + " %"
	}
}

// short quotes a value of a category, cut to a readable length.
func short(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:39]) + "…"
	}
	return strconv.Quote(text)
}

// plural is "1 feature" or "3 features".
func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}

// list joins names as people do: a, b and c.
func list(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
}

// drifted are the features that moved, the one that passed its threshold furthest first.
func drifted(features []mlops.FeatureReport) []mlops.FeatureReport {
	var moved []mlops.FeatureReport
	for _, feature := range features {
		if feature.Drifted {
			moved = append(moved, feature)
		}
	}
	slices.SortStableFunc(moved, func(a, b mlops.FeatureReport) int { return cmp.Compare(b.Effect/b.Threshold, a.Effect/a.Threshold) })
	return moved
}

// firstClause is what stands before the first semicolon that is not in quotes.
func firstClause(message string) string {
	quoted := false
	for i := 0; i < len(message); i++ {
		switch {
		case message[i] == '\\':
			i++
		case message[i] == '"':
			quoted = !quoted
		case message[i] == ';' && !quoted:
			return message[:i]
		}
	}
	return message
}
