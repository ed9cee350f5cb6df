package study

import "gonum.org/v1/gonum/mathext"

// UpperLimit is the upper end of Clopper and Pearson's two-sided 95 % interval for a rate: the rate at which so few hits or
// fewer would be seen with probability 0.025. It never covers less than it says. 1 where there are no trials.
func UpperLimit(count Count) float64 {
	if count.Hits >= count.Trials {
		return 1
	}
	return mathext.InvRegIncBeta(float64(count.Hits+1), float64(count.Trials-count.Hits), 0.975)
}

// LowerLimit is the lower end of the same interval.
func LowerLimit(count Count) float64 {
	if count.Hits == 0 {
		return 0
	}
	return 1 - UpperLimit(Count{count.Trials - count.Hits, count.Trials})
}
