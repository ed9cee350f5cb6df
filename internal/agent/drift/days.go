package drift

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// What the reference's own days can tell.
const (
	// dayShare is the share of normal days on which one feature of all may pass what days do: small, because the law that it
	// is reckoned with is only nearly true.
	dayShare = 0.002
	// timetable is how many standard errors the days must lie below what chance gives to be no independent rows.
	timetable = 4
	// minimumDays is how many days of the reference make a spread.
	minimumDays = 5
	// luckShare is how rarely days are taken to have been quiet by luck: one feature in a thousand.
	luckShare = 0.001
	// typicalFeatures is how many features with known days say what a day typically does.
	typicalFeatures = 5
)

// dayMovement is the PSI that a normal day stays below, zero where days are not known or differ by chance alone. Days are
// taken to move about the whole by a random amount in one direction, which has the worst tail; sampling moves the window
// along with it. The quantile is that which one feature of all exceeds on a dayShare of days, by Student's law, since the
// spread is known from few days.
func dayMovement(days *stats.DaySpread, bins stats.Bins, features int) float64 {
	if days == nil || days.Count < minimumDays {
		return 0
	}
	count := float64(days.Count)
	spread, freedom := daySpread(*days, bins)
	if spread == 0 {
		return 0
	}
	law := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: math.Min(math.Max(freedom, count/2), count)}
	t := law.Quantile(1 - dayShare/float64(max(features, 1))/2)
	return math.Min(t*t*(spread+math.Min(spread, bins.Scale())), math.Max(EffectCeiling, 2*days.Maximum))
}

// daySpread is the variance of what days do, in PSI, and with how many degrees of freedom it is known (Satterthwaite: from the
// variance of a squared normal effect and of the chi-square that sampling adds to it on every day). A mean that chance alone
// could give counts for less: days that differ by chance must not blind the monitor.
func daySpread(days stats.DaySpread, bins stats.Bins) (spread, freedom float64) {
	var rows int64
	for _, count := range bins.Reference {
		rows += count
	}
	sampling := 1/days.MeanRows + 1/float64(max(rows, 1))
	chance := 2 * float64(max(len(bins.Reference)-1, 1)) * sampling * sampling // variance of the PSI of one day
	count := float64(days.Count)
	if days.Mean < -timetable*math.Sqrt(chance/count) {
		// Days more alike than independent rows can be keep to a timetable. What sampling would add to them is not there to be
		// taken off, and what they do shows in how far they lie apart: a squared normal effect deviates by root two of its mean.
		return days.Deviation / math.Sqrt2, math.Max(count/2, 1)
	}
	spread = days.Mean * math.Min(math.Max(days.Mean/(2*math.Sqrt(chance/count)), 0), 1)
	if spread <= 0 {
		return 0, 0
	}
	return spread, 2 * count * spread * spread / (2*spread*spread + 4*spread*sampling + chance)
}

// withTypicalDays lifts, in a copy, the spread of features whose own days cannot tell it from noise: to half of what days
// typically do to a feature, unless the feature's days say clearly that they do less: beyond their own noise, and beyond what so
// few days of a typical feature would show by luck. A category of many levels moves with the others but shows it badly.
func withTypicalDays(reference stats.Profile, names []string) stats.Profile {
	var means []float64
	for _, name := range names {
		if days := reference.Columns[name].Days; days != nil && days.Count >= minimumDays {
			means = append(means, days.Mean)
		}
	}
	if len(means) < typicalFeatures {
		return reference
	}
	slices.Sort(means)
	half := stats.Quantile(means, 0.5) / 2
	lifted := reference
	lifted.Columns = make(map[string]stats.ColumnProfile, len(reference.Columns))
	for name, column := range reference.Columns {
		if days := column.Days; days != nil && days.Mean < half && lucky(*days, 2*half) {
			own := *days
			own.Mean = half
			column.Days = &own
		}
		lifted.Columns[name] = column
	}
	return lifted
}

// lucky says whether the days of a feature that moves by so much may have been as quiet as these, with what noise has taken off
// them: of squared normal effects, the mean of so many days is a chi-square.
func lucky(days stats.DaySpread, typical float64) bool {
	count := float64(days.Count)
	most := days.Mean + 2*days.Deviation/math.Sqrt(count)
	return most > 0 && 1-stats.ChiSquareTail(count*most/typical, count) > luckShare
}
