package main

import (
	"fmt"
	"time"
	_ "time/tzdata" // the cut must not depend on the machine's own time zones
)

// network is a set of airports; it flies the routes between them.
type network map[string]bool

// zonesOf are the airports by time zone: the source has the wall clock of the origin, the cut has UTC.
var zonesOf = map[string][]string{
	"America/New_York":    {"ATL", "BOS", "CLT", "DCA", "MCO", "MIA", "PHL", "PIT", "TPA"},
	"America/Chicago":     {"DFW", "MSP", "ORD"},
	"America/Denver":      {"DEN"},
	"America/Phoenix":     {"PHX"},
	"America/Los_Angeles": {"LAS", "LAX", "PDX", "SAN", "SEA", "SFO"},
}

var (
	// eastern is the network that the model learns first.
	eastern = union(zonesOf["America/New_York"], zonesOf["America/Chicago"])
	// national is the eastern network after it has grown to the west: new airports, new and longer routes.
	national = union(zonesOf["America/New_York"], zonesOf["America/Chicago"], zonesOf["America/Denver"],
		zonesOf["America/Phoenix"], zonesOf["America/Los_Angeles"])
)

// slice is one file: the flights of a network from a day on, for some days, of which so many in a thousand are kept.
type slice struct {
	file     string
	network  network
	from     time.Time
	days     int
	thousand uint64
}

// slices are all files. The west joins on Monday 12 February.
var slices = []slice{
	{file: "2001-01.csv", network: eastern, from: day(time.January, 1), days: 31, thousand: 300},
	{file: "2001-02.csv", network: national, from: day(time.February, 12), days: 28, thousand: 170},
	{file: "days/normal.csv", network: eastern, from: day(time.February, 6), days: 1, thousand: 1000},
	{file: "days/fault.csv", network: eastern, from: day(time.February, 7), days: 1, thousand: 1000},
	{file: "days/shift-1.csv", network: national, from: day(time.February, 12), days: 1, thousand: 450},
	{file: "days/shift-2.csv", network: national, from: day(time.February, 13), days: 1, thousand: 450},
	{file: "days/live.csv", network: national, from: day(time.March, 13), days: 1, thousand: 450},
}

// holds says whether a flight belongs to the slice and to its sample.
func (s slice) holds(f flight) bool {
	return s.network[f.Origin] && s.network[f.Destination] &&
		!f.departure.Before(s.from) && f.departure.Before(s.from.AddDate(0, 0, s.days)) &&
		scatter(f.number)%1000 < s.thousand
}

// scatter turns the number of a row into an even, repeatable draw (the finaliser of SplitMix64), so that a sample
// depends on no generator's state and on no order.
func scatter(number uint64) uint64 {
	number ^= number >> 30
	number *= 0xbf58476d1ce4e5b9
	number ^= number >> 27
	number *= 0x94d049bb133111eb
	return number ^ number>>31
}

// day is midnight UTC of a day of 2001.
func day(month time.Month, number int) time.Time {
	return time.Date(2001, month, number, 0, 0, 0, 0, time.UTC)
}

func union(sets ...[]string) network {
	all := network{}
	for _, set := range sets {
		for _, airport := range set {
			all[airport] = true
		}
	}
	return all
}

// locations gives every airport its time zone.
func locations() (map[string]*time.Location, error) {
	zones := map[string]*time.Location{}
	for name, airports := range zonesOf {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return nil, fmt.Errorf("time zone %s: %w", name, err)
		}
		for _, airport := range airports {
			zones[airport] = zone
		}
	}
	return zones, nil
}
