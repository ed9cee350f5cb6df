package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// Column names, as the dataset declares them.
const (
	columnDeparture   = "scheduled_departure"
	columnDistance    = "distance_miles"
	columnOrigin      = "origin"
	columnDestination = "destination"
	columnLate        = "late"
)

// flight is one row: what is known at departure and, in training data, how it ended.
type flight struct {
	departure   time.Time // UTC
	distance    float64   // miles
	origin      string    // IATA code
	destination string    // IATA code
	late        bool      // the label
}

// readFlights reads a labelled CSV file, whose columns may stand in any order.
func readFlights(path string) ([]flight, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: read the header: %w", path, err)
	}
	at := map[string]int{}
	for i, name := range header {
		at[name] = i
	}
	for _, name := range []string{columnDeparture, columnDistance, columnOrigin, columnDestination, columnLate} {
		if _, found := at[name]; !found {
			return nil, fmt.Errorf("%s: no column %q in the header", path, name)
		}
	}
	var flights []flight
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		f, err := parseCells(cells, at)
		if err != nil {
			line, _ := reader.FieldPos(0)
			return nil, fmt.Errorf("%s line %d: %w", path, line, err)
		}
		flights = append(flights, f)
	}
	if len(flights) == 0 {
		return nil, fmt.Errorf("%s has no rows", path)
	}
	return flights, nil
}

func parseCells(cells []string, at map[string]int) (flight, error) {
	departure, err := time.Parse(time.RFC3339, cells[at[columnDeparture]])
	if err != nil {
		return flight{}, fmt.Errorf("%s: want RFC 3339, as in 2001-01-31T08:15:00Z", columnDeparture)
	}
	distance, err := strconv.ParseFloat(cells[at[columnDistance]], 64)
	if err != nil {
		return flight{}, fmt.Errorf("%s: want a number", columnDistance)
	}
	late, err := strconv.ParseBool(cells[at[columnLate]])
	if err != nil {
		return flight{}, fmt.Errorf("%s: want true or false", columnLate)
	}
	return flight{
		departure: departure.UTC(), distance: distance,
		origin: string([]byte(cells[at[columnOrigin]])), destination: string([]byte(cells[at[columnDestination]])), late: late,
	}, nil
}

// scoringRow is a flight as a request carries it; pointers tell a missing field from a zero.
type scoringRow struct {
	Departure   *time.Time `json:"scheduled_departure"`
	Distance    *float64   `json:"distance_miles"`
	Origin      *string    `json:"origin"`
	Destination *string    `json:"destination"`
}

// flight checks that a row is complete.
func (r scoringRow) flight() (flight, error) {
	switch {
	case r.Departure == nil:
		return flight{}, fmt.Errorf("%s is missing", columnDeparture)
	case r.Distance == nil:
		return flight{}, fmt.Errorf("%s is missing", columnDistance)
	case r.Origin == nil || *r.Origin == "":
		return flight{}, fmt.Errorf("%s is missing", columnOrigin)
	case r.Destination == nil || *r.Destination == "":
		return flight{}, fmt.Errorf("%s is missing", columnDestination)
	}
	return flight{departure: r.Departure.UTC(), distance: *r.Distance, origin: *r.Origin, destination: *r.Destination}, nil
}

// parseRows reads a scoring request: {"data": [row, ...]} or [row, ...]. Errors name the row and the field, never a value.
func parseRows(body []byte) ([]flight, error) {
	var rows []json.RawMessage
	var wrapped struct {
		Data *[]json.RawMessage `json:"data"`
	}
	if json.Unmarshal(body, &rows) != nil {
		if err := json.Unmarshal(body, &wrapped); err != nil || wrapped.Data == nil {
			return nil, errors.New(`the body must be JSON: {"data": [{...}, ...]} or [{...}, ...]`)
		}
		rows = *wrapped.Data
	}
	if len(rows) == 0 {
		return nil, errors.New("the request has no rows")
	}
	flights := make([]flight, len(rows))
	for i, raw := range rows {
		var row scoringRow
		if err := json.Unmarshal(raw, &row); err != nil {
			if mismatch, is := errors.AsType[*json.UnmarshalTypeError](err); is && mismatch.Field != "" {
				return nil, fmt.Errorf("row %d: %s is a %s, which it must not be", i, mismatch.Field, mismatch.Value)
			}
			return nil, fmt.Errorf("row %d: want an object with %s (RFC 3339), %s, %s and %s", i, columnDeparture, columnDistance, columnOrigin, columnDestination)
		}
		f, err := row.flight()
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
		flights[i] = f
	}
	return flights, nil
}
