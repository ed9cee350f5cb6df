package main

import (
	"math"
	"slices"
)

// hours is the number of one-hot features for the hour of departure.
const hours = 24

// encoder turns a flight into features. It is learned from the training rows and kept with the model.
//
// The features, in order: distance (standardised), 24 hours of departure (one-hot), and per airport, first as origin, then as
// destination: presence, and presence times the sine and the cosine of the hour, so that each airport has a daily rhythm of its
// own (it has a time zone of its own). An airport that training has not seen has no feature at all, and so counts as an average one.
// The weekday is left out on purpose: a month has four of each, and their weather is what would be learned.
type encoder struct {
	DistanceMean float64  `json:"distance_mean"` // miles
	DistanceSD   float64  `json:"distance_sd"`   // miles
	Origins      []string `json:"origins"`       // sorted
	Destinations []string `json:"destinations"`  // sorted
}

// airportFeatures is the number of features of one airport in one role.
const airportFeatures = 3

// term is one feature of a flight that is not zero.
type term struct {
	index int
	value float64
}

// newEncoder learns mean, spread and the airports from training rows.
func newEncoder(flights []flight) encoder {
	var e encoder
	for _, f := range flights {
		e.DistanceMean += f.distance / float64(len(flights))
		e.Origins = append(e.Origins, f.origin)
		e.Destinations = append(e.Destinations, f.destination)
	}
	for _, f := range flights {
		e.DistanceSD += (f.distance - e.DistanceMean) * (f.distance - e.DistanceMean) / float64(len(flights))
	}
	if e.DistanceSD = math.Sqrt(e.DistanceSD); e.DistanceSD == 0 {
		e.DistanceSD = 1
	}
	slices.Sort(e.Origins)
	slices.Sort(e.Destinations)
	e.Origins, e.Destinations = slices.Compact(e.Origins), slices.Compact(e.Destinations)
	return e
}

// size is the number of features.
func (e encoder) size() int {
	return 1 + hours + airportFeatures*(len(e.Origins)+len(e.Destinations))
}

// encode appends the features of a flight that are not zero to terms.
func (e encoder) encode(f flight, terms []term) []term {
	hour := f.departure.Hour()
	terms = append(terms,
		term{0, (f.distance - e.DistanceMean) / e.DistanceSD},
		term{1 + hour, 1})
	sine, cosine := math.Sincos(2 * math.Pi * float64(hour) / hours)
	if i, seen := slices.BinarySearch(e.Origins, f.origin); seen {
		first := 1 + hours + airportFeatures*i
		terms = append(terms, term{first, 1}, term{first + 1, sine}, term{first + 2, cosine})
	}
	if i, seen := slices.BinarySearch(e.Destinations, f.destination); seen {
		first := 1 + hours + airportFeatures*(len(e.Origins)+i)
		terms = append(terms, term{first, 1}, term{first + 1, sine}, term{first + 2, cosine})
	}
	return terms
}
