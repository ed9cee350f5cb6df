package drift

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// conversion turns values in one unit into another: to = factor * from + offset.
type conversion struct {
	from, to       string
	factor, offset float64
}

// conversions are the mistakes that people make, one direction each; conversionsBothWays adds the other. The list is short on
// purpose: each factor on it is one more that a real change may happen to have.
var conversions = []conversion{
	{"miles", "kilometres", 1.609344, 0},
	{"feet", "metres", 0.3048, 0},
	{"inches", "centimetres", 2.54, 0},
	{"pounds", "kilograms", 0.45359237, 0},
	{"seconds", "milliseconds", 1000, 0},
	{"kilometres", "metres", 1000, 0},
	{"kilograms", "grams", 1000, 0},
	{"minutes", "seconds", 60, 0},
	{"hours", "minutes", 60, 0},
	{"shares", "percent", 100, 0},
	{"metres", "centimetres", 100, 0},
	{"dollars", "cents", 100, 0},
	{"degrees Celsius", "degrees Fahrenheit", 1.8, 32},
}

func conversionsBothWays() []conversion {
	all := slices.Clone(conversions)
	for _, c := range conversions {
		all = append(all, conversion{from: c.to, to: c.from, factor: 1 / c.factor, offset: -c.offset / c.factor})
	}
	return all
}

// unitNames are the spellings of units, in the declared unit or as a word of a column's name.
var unitNames = map[string]string{
	"mile": "miles", "miles": "miles", "mi": "miles",
	"kilometre": "kilometres", "kilometres": "kilometres", "kilometer": "kilometres", "kilometers": "kilometres", "km": "kilometres",
	"metre": "metres", "metres": "metres", "meter": "metres", "meters": "metres", "m": "metres",
	"centimetre": "centimetres", "centimetres": "centimetres", "centimeter": "centimetres", "centimeters": "centimetres", "cm": "centimetres",
	"foot": "feet", "feet": "feet", "ft": "feet", "inch": "inches", "inches": "inches",
	"pound": "pounds", "pounds": "pounds", "lb": "pounds", "lbs": "pounds",
	"kilogram": "kilograms", "kilograms": "kilograms", "kg": "kilograms", "gram": "grams", "grams": "grams", "g": "grams",
	"ounce": "ounces", "ounces": "ounces", "oz": "ounces", "gallon": "gallons", "gallons": "gallons",
	"litre": "litres", "litres": "litres", "liter": "litres", "liters": "litres", "l": "litres",
	"millisecond": "milliseconds", "milliseconds": "milliseconds", "ms": "milliseconds",
	"second": "seconds", "seconds": "seconds", "sec": "seconds", "secs": "seconds", "s": "seconds",
	"minute": "minutes", "minutes": "minutes", "min": "minutes", "mins": "minutes",
	"hour": "hours", "hours": "hours", "h": "hours", "day": "days", "days": "days",
	"percent": "percent", "pct": "percent", "share": "shares", "ratio": "shares", "fraction": "shares",
	"cents": "cents", "dollars": "dollars", "usd": "dollars", "radians": "radians", "rad": "radians", "degrees": "degrees",
	"celsius": "degrees Celsius", "fahrenheit": "degrees Fahrenheit", "kelvin": "kelvins",
	"c": "degrees Celsius", "f": "degrees Fahrenheit", "k": "kelvins",
}

// unitOf is the unit that a column says it is in, "" where it does not say. One letter counts only where it is declared.
func unitOf(name string, declared mlops.Column) string {
	if unit, ok := unitNames[strings.ToLower(strings.TrimPrefix(declared.Unit, "°"))]; ok {
		return unit
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r < 'a' || r > 'z' })
	for _, word := range slices.Backward(words) {
		if unit, ok := unitNames[word]; ok && len(word) > 1 && len(words) > 1 {
			return unit
		}
	}
	return ""
}

// How sure a unit must be. A distance here is the Kolmogorov-Smirnov distance.
const (
	unitDistance      = 0.15 // between window and reference as they are: it must be large,
	unitSignificance  = 1e-6 // and beyond doubt,
	unitRemaining     = 0.35 // and converting must take most of it away (half is enough where the very values come back),
	unitResidue       = 0.1  // down to a small rest.
	minimumUnitValues = 50
)

// unitFault says whether a number looks like the reference in another unit.
func unitFault(name string, declared mlops.Column, current observed) []mlops.QualityFault {
	reference, window := current.frame.Reference, current.sorted
	if reference.Number == nil || reference.Number.StandardDeviation == 0 {
		return nil
	}
	n := reference.Rows - reference.Nulls
	if len(window) < minimumUnitValues || n < minimumUnitValues {
		return nil
	}
	sample := reference.Number.Sample
	before := stats.KSDistance(sample, window, stats.TwoSided)
	if before < unitDistance || ksTest(before, sample, n, len(window)).PValue > unitSignificance {
		return nil
	}
	found, ok := matching(unitOf(name, declared), sample, window, n, before)
	if !ok {
		return nil
	}
	return []mlops.QualityFault{{Feature: name, Rule: RuleUnit, Share: 1, Message: unitMessage(name, declared, found)}}
}

// isUsual says whether a number lies no further from the reference than the reference's own days do, or lies where it did in the
// same season of the last cycle. A price or a volume may well be 1.6 times as high every Saturday.
func (w Window) isUsual(name string, current observed) bool {
	bins := stats.CountedBins(current.frame.Reference, *current.tally.Number, current.tally.Nulls)
	if bins.PSI() < threshold(current.frame.Reference, bins, len(w.watched()), 1) {
		return true
	}
	if w.Season == nil || w.Season.Rows < w.minimumRows() {
		return false
	}
	season := w.Season.Columns[name].Number
	return season != nil && stats.KSDistance(season.Sample, current.sorted, stats.TwoSided) < unitDistance
}

// matching finds the one conversion that turns the reference into the window. A conversion from the column's own unit goes
// before others.
func matching(unit string, sample, window []float64, n int64, before float64) (conversion, bool) {
	scale := measureScale(sample, window, n)
	var found []conversion
	for _, c := range conversionsBothWays() {
		converted := c.apply(sample)
		rest := stats.KSDistance(converted, window, stats.TwoSided)
		fits := rest <= unitRemaining*before && rest <= math.Max(unitResidue, 1.63*math.Sqrt(1/float64(n)+1/float64(len(window))))
		switch {
		case c.offset != 0 && fits && c.spreads(sample, window) && sharesAgree(converted, window, 1, float64(n)) && !scale.explains(sample, window, n),
			c.offset == 0 && fits && scale.near(c.factor, c.from == unit),
			c.offset == 0 && rest <= before/2 && scale.holds(c.factor) && sameValues(c.factor, sample, window):
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return conversion{}, false
	}
	slices.SortStableFunc(found, func(a, b conversion) int {
		if (a.from == unit) != (b.from == unit) {
			if a.from == unit {
				return -1
			}
			return 1
		}
		return 0
	})
	if found[0].from != unit { // nobody says which unit it was: name the factor, not a guess
		for _, other := range found[1:] {
			if other.factor == found[0].factor && other.offset == found[0].offset {
				found[0].from, found[0].to = "", ""
			}
		}
	}
	return found[0], true
}

func (c conversion) apply(values []float64) []float64 {
	converted := make([]float64, len(values))
	for i, value := range values {
		converted[i] = c.factor*value + c.offset
	}
	return converted
}

// spreads says whether the middle half of the window is as wide as the conversion makes it; for those with an offset, whose
// place and width must both fit.
func (c conversion) spreads(sample, window []float64) bool {
	width := func(sorted []float64) float64 { return stats.Quantile(sorted, 0.75) - stats.Quantile(sorted, 0.25) }
	ratio := width(window) / width(sample) / c.factor
	return ratio > 0.9 && ratio < 1.1
}

// sameValues says whether the window holds the reference's own values times the factor: columns such as distances between
// places repeat their values, and no drift multiplies each by the same factor to several digits.
func sameValues(factor float64, sample, window []float64) bool {
	for _, precision := range []float64{1e-9, 1e-6, 1e-5, 1e-4, 3e-4} {
		if hits(factor, precision, sample, window) < 0.8 {
			continue
		}
		chance := 0.0
		for _, other := range []float64{0.983, 0.991, 1.007, 1.013} {
			chance = math.Max(chance, hits(factor*other, precision, sample, window))
		}
		return chance < 0.4
	}
	return false
}

// hits is the share of window values that lie within a relative precision of a reference value times the factor.
func hits(factor, precision float64, sample, window []float64) float64 {
	count := 0
	for _, value := range window {
		wanted := value / factor
		near := math.Abs(wanted) * precision
		if i := sort.SearchFloat64s(sample, wanted-near); i < len(sample) && sample[i] <= wanted+near {
			count++
		}
	}
	return float64(count) / float64(len(window))
}

// unitMessage names the unit where the column says which it should be.
func unitMessage(name string, declared mlops.Column, c conversion) string {
	values := fmt.Sprintf("values are %s times the reference", number(c.factor))
	if c.offset != 0 {
		sign, size := "plus", c.offset
		if size < 0 {
			sign, size = "minus", -size
		}
		values = fmt.Sprintf("values are %s times the reference %s %s", number(c.factor), sign, number(size))
	}
	switch {
	case c.from == "":
		return fmt.Sprintf("%s looks like another unit: %s", name, values)
	case c.from == unitOf(name, declared):
		return fmt.Sprintf("%s looks like %s, not %s: %s", name, c.to, c.from, values)
	default:
		return fmt.Sprintf("%s looks like another unit: %s, as %s are to %s", name, values, c.to, c.from)
	}
}
