package study

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// airportRows is how many departures in January an airport needs to be a model of its own: the rows that a window needs, on a
// mean day. It was fixed before any airport was looked at.
const airportRows = 31 * drift.DefaultMinimumRows

// airportFlights counts days of February to June that are raised at single airports, each with a reference and a monitor of its
// own, with nothing injected. What happens on a date happens at many airports, so the limits treat a date as one draw.
func airportFlights(path string) Experiment {
	const name = "real flights of February to June 2001 from each airport with at least 3,100 departures in January, against its own January: distance, destination, hour, delay"
	experiment := Experiment{Name: "flights-airports", Once: true, Rows: []Row{
		{name, "days raised as drift", 0.05},
		{"the same, by episode", "days that open an episode", 0.05},
	}}
	experiment.Trial = func(*rand.Rand) (counts []Count, notes []string) {
		days, err := readFlights(path)
		if err != nil {
			return make([]Count, len(experiment.Rows)), []string{err.Error()}
		}
		raised, opened := map[int64]Count{}, map[int64]Count{}
		for _, airport := range airports(days) {
			judged := judgeFlights(days.from(airport), []string{"distance", "destination", "hour", "delay"})
			for day, report := range judged.reports {
				if report.Verdict == mlops.VerdictInsufficient {
					continue
				}
				raised[day] = raised[day].plus(once(isRaised(report)))
				opened[day] = opened[day].plus(once(slices.Contains(judged.opened, day)))
				if isRaised(report) {
					notes = append(notes, fmt.Sprintf("%s: %s", time.Unix(day*secondsPerDay, 0).UTC().Format(time.DateOnly), report.Verdict), fmt.Sprintf("%s: %s", airport, note(report)))
				}
			}
		}
		return []Count{byDate(raised), byDate(opened)}, notes
	}
	return experiment
}

// airports are those with enough departures in January, by name.
func airports(days flightDays) []string {
	departures := map[string]int{}
	for day := january; day < february; day++ {
		for _, origin := range days[day][originColumn].Text {
			departures[origin]++
		}
	}
	var names []string
	for name, count := range departures {
		if count >= airportRows {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// from keeps the flights from one airport.
func (d flightDays) from(airport string) flightDays {
	kept := flightDays{}
	for day, columns := range d {
		origins := columns[originColumn].Text
		for _, column := range columns {
			one := column
			one.Numbers, one.Text = nil, nil
			for row, origin := range origins {
				switch {
				case origin != airport:
				case column.Numbers != nil:
					one.Numbers = append(one.Numbers, column.Numbers[row])
				default:
					one.Text = append(one.Text, column.Text[row])
				}
			}
			kept[day] = append(kept[day], one)
		}
	}
	return kept
}
