package study

import (
	"math"
	"math/rand/v2"
	"sort"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// draw makes a column of independent rows, with the normal numbers behind it shifted by so many sigma.
func (l Law) draw(random *rand.Rand, rows int, shift float64) stats.Input {
	latent := make([]float64, rows)
	for i := range latent {
		latent[i] = random.NormFloat64() + shift
	}
	return l.of(random, latent)
}

// drawRising makes the same rows in rising order. A verdict does not depend on the order of rows, and to sort them would take
// most of the time; but a part of them is no sample.
func (l Law) drawRising(random *rand.Rand, rows int, shift float64) stats.Input {
	if rows < sortedRows {
		return l.draw(random, rows, shift)
	}
	latent := make([]float64, rows)
	sortedNormals(random, latent)
	if shift != 0 {
		for i := range latent {
			latent[i] += shift
		}
	}
	return l.of(random, latent)
}

// sortedRows is the window from which rows are drawn in rising order.
const sortedRows = 2000

// of turns normal numbers, which it may overwrite, into the column.
func (l Law) of(random *rand.Rand, latent []float64) stats.Input {
	column := stats.Input{Name: l.Name, Type: l.Type}
	if l.nulls > 0 {
		column.Null = make([]bool, len(latent))
		for i := range column.Null {
			column.Null[i] = random.Float64() < l.nulls
		}
	}
	if l.number != nil {
		for i, z := range latent {
			latent[i] = l.number(z)
		}
		column.Numbers = latent
		return column
	}
	column.Text = make([]string, len(latent))
	last := 0
	for i, z := range latent {
		if z > l.cuts[last] || last > 0 && z <= l.cuts[last-1] {
			last = sort.SearchFloat64s(l.cuts, z)
		}
		column.Text[i] = l.names[last]
	}
	return column
}

// drawAll draws whole windows, of rows in rising order where there are many.
func drawAll(random *rand.Rand, laws []Law, rows int) []stats.Input {
	columns := make([]stats.Input, len(laws))
	for i, law := range laws {
		columns[i] = law.drawRising(random, rows, 0)
	}
	return columns
}

// drawing makes columns of so many rows.
type drawing func(random *rand.Rand, laws []Law, rows int) []stats.Input

// hangingTogether draws rows whose features share a cause: the normal numbers behind them correlate by so much.
func hangingTogether(correlation float64) drawing {
	return func(random *rand.Rand, laws []Law, rows int) []stats.Input {
		cause := make([]float64, rows)
		for i := range cause {
			cause[i] = random.NormFloat64()
		}
		columns := make([]stats.Input, len(laws))
		for i, law := range laws {
			latent := make([]float64, rows)
			for row := range latent {
				latent[row] = math.Sqrt(correlation)*cause[row] + math.Sqrt(1-correlation)*random.NormFloat64()
			}
			columns[i] = law.of(random, latent)
		}
		return columns
	}
}

// drawDays makes rows of consecutive days, each of which shifts every feature by an effect of its own: normal with the given
// deviation. It returns the day of each row too.
func drawDays(random *rand.Rand, laws []Law, days, rowsPerDay int, deviation float64) ([]stats.Input, []int64) {
	columns := make([]stats.Input, len(laws))
	for i, law := range laws {
		latent := make([]float64, 0, days*rowsPerDay)
		for range days {
			effect := deviation * random.NormFloat64()
			for range rowsPerDay {
				latent = append(latent, random.NormFloat64()+effect)
			}
		}
		columns[i] = law.of(random, latent)
	}
	numbers := make([]int64, days*rowsPerDay)
	for i := range numbers {
		numbers[i] = int64(i / rowsPerDay)
	}
	return columns, numbers
}

// sortedNormals fills a slice with standard normal numbers in rising order: sums of exponential waiting times, over their
// total, are the order statistics of uniform ones.
func sortedNormals(random *rand.Rand, into []float64) {
	total := 0.0
	for i := range into {
		total += random.ExpFloat64()
		into[i] = total
	}
	total += random.ExpFloat64()
	for i := range into {
		into[i] = probit(into[i] / total)
	}
}

// The table of normal quantiles: straight between points in the middle, exact in the outer thousandths.
const probitSteps = 1 << 16

var probitTable = func() []float64 {
	table := make([]float64, probitSteps+1)
	for i := range table {
		table[i] = normalQuantile(float64(i) / probitSteps)
	}
	return table
}()

func probit(share float64) float64 {
	if share < 0.001 || share > 0.999 {
		return normalQuantile(share)
	}
	at := share * probitSteps
	i := math.Floor(at)
	low := probitTable[int(i)]
	return low + (probitTable[int(i)+1]-low)*(at-i)
}
