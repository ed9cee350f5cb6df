package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

const (
	// multivariateRows of each side are looked at together, drawn at random where there are more.
	multivariateRows = 2000
	// encodedLevels of a category have a column of their own.
	encodedLevels = 8
	// encodedColumns is the most that are looked at together.
	encodedColumns = 120
)

// together is both sides as rows of numbers of mean 0 and variance 1, made by one and the same rule that does not know the
// sides: with nothing changed, no row says where it comes from.
type together struct {
	rows [][]float64
	// current says of each row whether it is of the window; days are of the reference's rows, nil where not known.
	current []bool
	days    []int64
	// group is the feature that each column was made of.
	group []int
}

// encode draws rows of both sides and encodes them: numbers by their rank as normal scores, so that heavy tails and units
// do not matter; frequent levels, and nulls, as columns of ones.
func encode(reference, current []stats.Input, days []int64, random *rand.Rand) together {
	before, now := drawn(reference, random), drawn(current, random)
	made := together{rows: make([][]float64, len(before)+len(now)), current: make([]bool, len(before)+len(now))}
	for i := range now {
		made.current[len(before)+i] = true
	}
	if days != nil {
		for _, row := range before {
			made.days = append(made.days, days[row])
		}
	}
	for feature, column := range reference {
		at := slices.IndexFunc(current, func(c stats.Input) bool { return c.Name == column.Name && c.Type == column.Type })
		if at < 0 {
			continue
		}
		for _, encoded := range encodeColumn(joined(column, before, current[at], now)) {
			if len(made.group) == encodedColumns || !standardise(encoded) {
				continue
			}
			made.group = append(made.group, feature)
			for row, value := range encoded {
				made.rows[row] = append(made.rows[row], value)
			}
		}
	}
	return made
}

// drawn are the numbers of at most multivariateRows rows, in order.
func drawn(columns []stats.Input, random *rand.Rand) []int {
	rows := 0
	for _, column := range columns {
		rows = max(rows, column.Rows())
	}
	return drawnOf(rows, random)
}

func drawnOf(rows int, random *rand.Rand) []int {
	picked := random.Perm(rows)[:min(rows, multivariateRows)]
	slices.Sort(picked)
	return picked
}

// pickRows are some rows of a column.
func pickRows(column stats.Input, rows []int) stats.Input {
	picked := stats.Input{Name: column.Name, Type: column.Type}
	for _, row := range rows {
		picked.Null = append(picked.Null, column.IsNull(row))
		if column.Type == mlops.TypeNumber {
			picked.Numbers = append(picked.Numbers, column.Numbers[row])
		} else {
			picked.Text = append(picked.Text, column.Text[row])
		}
	}
	return picked
}

// joined is one column of the drawn rows of both sides.
func joined(reference stats.Input, before []int, current stats.Input, now []int) stats.Input {
	column, window := pickRows(reference, before), pickRows(current, now)
	column.Null = append(column.Null, window.Null...)
	column.Numbers, column.Text = append(column.Numbers, window.Numbers...), append(column.Text, window.Text...)
	return column
}

func encodeColumn(column stats.Input) [][]float64 {
	var encoded [][]float64
	if column.Numbers != nil {
		encoded = append(encoded, normalScores(column))
	} else {
		counts, _ := column.CountText()
		levels := stats.Levels(counts)
		for _, level := range levels[:min(encodedLevels, len(levels))] {
			encoded = append(encoded, ones(column.Rows(), func(row int) bool { return !column.IsNull(row) && column.Text[row] == level }))
		}
	}
	return append(encoded, ones(column.Rows(), column.IsNull))
}

func ones(rows int, is func(int) bool) []float64 {
	column := make([]float64, rows)
	for row := range column {
		if is(row) {
			column[row] = 1
		}
	}
	return column
}

// normalScores are the quantiles of a normal law at the middle ranks of the values; a null is in the middle.
func normalScores(column stats.Input) []float64 {
	sorted := column.SortedNumbers()
	scores := make([]float64, column.Rows())
	for row, value := range column.Numbers {
		if column.IsNull(row) {
			continue
		}
		first := sort.SearchFloat64s(sorted, value)
		last := sort.Search(len(sorted), func(i int) bool { return sorted[i] > value })
		scores[row] = normalQuantile((float64(first) + float64(last)) / 2 / float64(len(sorted)))
	}
	return scores
}

// standardise makes mean 0 and variance 1; false where a column does not vary.
func standardise(column []float64) bool {
	mean, deviation := stats.MeanAndDeviation(column)
	if deviation < 1e-9 {
		return false
	}
	for i := range column {
		column[i] = math.Max(-6, math.Min(6, (column[i]-mean)/deviation))
	}
	return true
}
