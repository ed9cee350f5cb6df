package study

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// flight is a row of flights-3m.parquet of the npm package vega-datasets 3.2.1: departures inside the United States in
// January to June 2001. Date is microseconds since 1970.
type flight struct {
	Date        int64  `parquet:"date"`
	Delay       int64  `parquet:"delay"`
	Distance    int64  `parquet:"distance"`
	Origin      string `parquet:"origin"`
	Destination string `parquet:"destination"`
}

// flightDays are columns by day number since 1970.
type flightDays map[int64][]stats.Input

// realFlights counts days of February to June that are raised against January, with nothing injected.
func realFlights(path string) Experiment {
	const all, more = "real flights of February to June 2001 against January", "the same, with the hour of departure and the delay on arrival"
	experiment := Experiment{Name: "flights", Once: true, Rows: []Row{
		{all + ": distance, origin, destination", "days raised as drift", 0.05},
		{all + ", by episode", "days that open an episode", 0.05},
		{more, "days raised as drift", 0.05},
		{more + ", by episode", "days that open an episode", 0.05},
	}}
	experiment.Trial = func(*rand.Rand) (counts []Count, notes []string) {
		days, err := readFlights(path)
		if err != nil {
			return make([]Count, len(experiment.Rows)), []string{err.Error()}
		}
		for _, features := range [][]string{{"distance", "origin", "destination"}, {"distance", "origin", "destination", "hour", "delay"}} {
			judged := judgeFlights(days, features)
			raised := Count{Trials: int64(len(judged.reports))}
			for day, report := range judged.reports {
				if isRaised(report) {
					raised.Hits++
					notes = append(notes, time.Unix(day*secondsPerDay, 0).UTC().Format(time.DateOnly)+": "+note(report))
				}
			}
			counts = append(counts, raised, Count{Hits: int64(len(judged.opened)), Trials: raised.Trials})
		}
		return counts, notes
	}
	return experiment
}

// isRaised says whether a day is called anything but as it always was, in its season.
func isRaised(report mlops.DriftReport) bool {
	return alarm(report.Verdict, int(report.Rows)) && report.Verdict != mlops.VerdictSeasonal
}

// january is the first day of the reference, february the first day that is judged.
var (
	january  = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
	february = time.Date(2001, 2, 1, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
	july     = time.Date(2001, 7, 1, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
)

const secondsPerDay = 24 * 60 * 60

// judgedFlights are the days that were judged.
type judgedFlights struct {
	reports map[int64]mlops.DriftReport // by day
	opened  []int64                     // days with which a monitor that looks once a day opens an episode
}

// judgeFlights judges every day from February to June against January.
func judgeFlights(days flightDays, features []string) judgedFlights {
	dataset := mlops.Dataset{Columns: map[string]mlops.Column{}}
	for _, column := range days[january] {
		if slices.Contains(features, column.Name) {
			dataset.Columns[column.Name] = mlops.Column{Type: column.Type, Role: mlops.RoleFeature}
		}
	}
	reference := januaryFlights(days)
	log, judged := newLog(), judgedFlights{reports: map[int64]mlops.DriftReport{}}
	for day := february; day < july; day++ {
		report := drift.Judge(drift.Window{Dataset: dataset, Reference: reference, Current: days[day]})
		from := time.Unix(day*secondsPerDay, 0).UTC()
		before := len(log.opened)
		log.judged(report, from, from.AddDate(0, 0, 1))
		judged.reports[day] = report
		if len(log.opened) > before {
			judged.opened = append(judged.opened, day)
		}
	}
	return judged
}

// januaryFlights is the reference, with its days.
func januaryFlights(days flightDays) stats.Profile {
	var columns []stats.Input
	var numbers []int64
	for day := january; day < february; day++ {
		for range days[day][0].Rows() {
			numbers = append(numbers, day)
		}
	}
	for i, column := range days[january] {
		whole := stats.Input{Name: column.Name, Type: column.Type}
		for day := january; day < february; day++ {
			whole.Numbers = append(whole.Numbers, days[day][i].Numbers...)
			whole.Text = append(whole.Text, days[day][i].Text...)
		}
		columns = append(columns, whole)
	}
	return profileOf(columns, numbers)
}

// originColumn is the place of the origin among the columns of a day.
const originColumn = 3

// readFlights reads the file into columns by day.
func readFlights(path string) (flightDays, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := parquet.NewGenericReader[flight](file)
	defer reader.Close()
	days := flightDays{}
	names := map[string]string{} // one copy of each name
	rows := make([]flight, 4096)
	for {
		read, err := reader.Read(rows)
		for _, row := range rows[:read] {
			days.add(row, names)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	for day := january; day < july; day++ {
		if days[day] == nil {
			return nil, fmt.Errorf("%s: no flights on %s: take flights-3m.parquet of vega-datasets 3.2.1", path, time.Unix(day*secondsPerDay, 0).UTC().Format(time.DateOnly))
		}
	}
	return days, nil
}

func (d flightDays) add(row flight, names map[string]string) {
	seconds := row.Date / 1000000
	day := seconds / secondsPerDay
	columns := d[day]
	if columns == nil {
		columns = []stats.Input{
			{Name: "distance", Type: mlops.TypeNumber}, {Name: "hour", Type: mlops.TypeNumber}, {Name: "delay", Type: mlops.TypeNumber},
			{Name: "origin", Type: mlops.TypeCategory}, {Name: "destination", Type: mlops.TypeCategory},
		}
		d[day] = columns
	}
	for i, value := range []float64{float64(row.Distance), float64(seconds%secondsPerDay) / 3600, float64(row.Delay)} {
		columns[i].Numbers = append(columns[i].Numbers, value)
	}
	for i, value := range []string{row.Origin, row.Destination} {
		if _, known := names[value]; !known {
			names[value] = value
		}
		columns[originColumn+i].Text = append(columns[originColumn+i].Text, names[value])
	}
}
