package study

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Law is the distribution of a feature: a rising function of a standard normal number, so that an effect of so many sigma
// means the same for every feature, categories included.
type Law struct {
	Name string
	Type mlops.ColumnType
	// number is of the normal number z; nil for a category.
	number func(z float64) float64
	// A category has the level that z lies in: names[i] below cuts[i].
	cuts  []float64
	names []string
	// nulls is the share of cells without a value.
	nulls float64
}

// Listed are the fifty features of the study: five of each listed law, under their own names.
func Listed() []Law {
	var laws []Law
	for copied := range copies {
		laws = append(laws,
			number("normal", func(z float64) float64 { return z }),
			number("lognormal", func(z float64) float64 { return math.Exp(2 * z) }),
			number("student3", student3()),
			number("uniform", normalShare),
			number("zero_inflated", func(z float64) float64 { return math.Max(0, math.Exp(z)-1.5) }),
			number("price", func(z float64) float64 { return math.Round(20*math.Exp(0.7*z)) - 0.01 }),
			number("count", steps(distuv.Poisson{Lambda: 4}.CDF)),
			levels("levels5", zipf(5, tilt[copied])),
			levels("levels50", zipf(50, tilt[copied])),
			levels("levels5000", zipf(5000, tilt[copied])),
		)
		for i := range laws[len(laws)-10:] {
			laws[len(laws)-10+i].Name += "_" + strconv.Itoa(copied+1)
		}
	}
	return laws
}

// tilt makes the five copies of a category differ: from all levels alike to a few that hold most rows. Of 5,000 levels, between
// 1 and 4 % of the rows have one that 20,000 rows of reference lack.
var tilt = [copies]float64{0, 0.5, 0.8, 1, 1.2}

// Unlisted are laws that nobody tuned for: fifty features again.
func Unlisted() []Law {
	var laws []Law
	for copied := range copies {
		more := []Law{
			number("gamma", gammaHalf()),
			number("bimodal", func(z float64) float64 { return z + 3*math.Tanh(5*z) }),
			number("ties", func(z float64) float64 { return math.Floor(math.Abs(z)) * math.Copysign(1, z) }),
			number("near_constant", func(z float64) float64 { return math.Max(0, z-2.6) }),
			number("cauchy", cauchy()),
			number("constant", func(float64) float64 { return 7 }),
			number("nulls", func(z float64) float64 { return z }),
			levels("zipf10000", zipf(10000, 1.1)),
			levels("rare_flag", []float64{0.998, 0.002}),
			levels("tail", zipf(300, 2)),
		}
		more[6].nulls = 0.02 + 0.1*float64(copied)
		for i := range more {
			more[i].Name += "_" + strconv.Itoa(copied+1)
		}
		laws = append(laws, more...)
	}
	return laws
}

func number(name string, of func(z float64) float64) Law {
	return Law{Name: name, Type: mlops.TypeNumber, number: of}
}

// levels is a category of levels with the given shares.
func levels(name string, shares []float64) Law {
	law := Law{Name: name, Type: mlops.TypeCategory}
	running := 0.0
	for i, share := range shares {
		running += share
		law.cuts = append(law.cuts, normalQuantile(math.Min(running, 1)))
		law.names = append(law.names, fmt.Sprintf("level %d", i+1))
	}
	law.cuts[len(law.cuts)-1] = math.Inf(1)
	return law
}

// zipf are shares that fall with the power of the rank; 0 makes them alike.
func zipf(count int, power float64) []float64 {
	shares := make([]float64, count)
	total := 0.0
	for i := range shares {
		shares[i] = math.Pow(float64(i+1), -power)
		total += shares[i]
	}
	for i := range shares {
		shares[i] /= total
	}
	return shares
}

// rareFirst are shares of which the first is given and the others are alike.
func rareFirst(count int, first float64) []float64 {
	shares := make([]float64, count)
	for i := range shares {
		shares[i] = (1 - first) / float64(count-1)
	}
	shares[0] = first
	return shares
}

// steps is a whole number with the given distribution function.
func steps(share func(float64) float64) func(float64) float64 {
	var cuts []float64
	for k := 0; share(float64(k)) < 1-1e-12; k++ {
		cuts = append(cuts, normalQuantile(share(float64(k))))
	}
	return func(z float64) float64 { return float64(sort.SearchFloat64s(cuts, z)) }
}

// Of the table behind quantiles: normal numbers up to tableReach to either side, tableSteps of them to each 1.
const (
	tableReach = 6
	tableSteps = 128
)

// quantiles is a law by its quantile function, read from a table: straight between its points and beyond its ends.
func quantiles(of func(share float64) float64) func(float64) float64 {
	table := make([]float64, 2*tableReach*tableSteps+1)
	for i := range table {
		table[i] = of(normalShare(float64(i)/tableSteps - tableReach))
	}
	return func(z float64) float64 {
		at := (z + tableReach) * tableSteps
		i := min(max(int(at), 0), len(table)-2)
		return table[i] + (table[i+1]-table[i])*(at-float64(i))
	}
}

// Laws whose quantiles take long to reckon are reckoned once.
var (
	student3  = tableOf(distuv.StudentsT{Sigma: 1, Nu: 3})
	gammaHalf = tableOf(distuv.Gamma{Alpha: 0.5, Beta: 1})
	cauchy    = tableOf(distuv.StudentsT{Sigma: 1, Nu: 1})
)

func tableOf(law distuv.Quantiler) func() func(float64) float64 {
	return sync.OnceValue(func() func(float64) float64 { return quantiles(law.Quantile) })
}

// normalShare is the standard normal distribution function, exact in its lower tail.
func normalShare(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

func normalQuantile(share float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*share) }
