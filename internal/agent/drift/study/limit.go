package study

import (
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// UpperLimit is the upper end of Clopper and Pearson's two-sided 95 % interval for a rate: the rate at which so few hits or
// fewer would be seen with probability 0.025. It never covers less than it says. 1 where there are no trials. Trials that
// count as fewer have the same rate of those.
func UpperLimit(count Count) float64 {
	if count.Hits >= count.Trials {
		return 1
	}
	hits, trials := float64(count.Hits), float64(count.Trials)
	if count.Effective > 0 {
		hits, trials = hits/trials*count.Effective, count.Effective
	}
	return mathext.InvRegIncBeta(hits+1, trials-hits, 0.975)
}

// LowerLimit is the lower end of the same interval, of independent trials.
func LowerLimit(count Count) float64 {
	if count.Hits == 0 {
		return 0
	}
	return 1 - UpperLimit(Count{Hits: count.Trials - count.Hits, Trials: count.Trials})
}

// byDate adds up trials of which those of one date are not independent. They count as the number of independent ones whose
// rate would be as uncertain as the rate of these is, seen by how dates differ (Korn and Graubard, 1998): at most as many as
// they are, and with no hit, which shows no difference, as many as there are dates.
func byDate(dates map[int64]Count) Count {
	var all Count
	for _, date := range dates {
		all = all.plus(date)
	}
	count, trials := float64(len(dates)), float64(all.Trials)
	rate := float64(all.Hits) / math.Max(trials, 1)
	var squares float64
	for _, day := range slices.Sorted(maps.Keys(dates)) { // in one order, so that the sum has the same bits
		date := dates[day]
		excess := float64(date.Hits) - rate*float64(date.Trials)
		squares += excess * excess
	}
	all.Effective = count
	if variance := squares / (trials * trials) * count / (count - 1); variance > 0 {
		all.Effective = math.Min(trials, rate*(1-rate)/variance*square(quantileOf(trials)/quantileOf(count)))
	}
	return all
}

func square(x float64) float64 { return x * x }

// quantileOf is Student's 97.5 % quantile for a mean of so many.
func quantileOf(count float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: count - 1}.Quantile(0.975)
}
