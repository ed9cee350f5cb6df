package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

var flights = mlops.Dataset{Name: "flights", HoldoutPercent: 20, Columns: map[string]mlops.Column{
	"at":       {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp},
	"distance": {Type: mlops.TypeNumber, Role: mlops.RoleFeature},
	"origin":   {Type: mlops.TypeCategory, Role: mlops.RoleFeature},
	"holiday":  {Type: mlops.TypeBoolean, Role: mlops.RoleFeature},
	"late":     {Type: mlops.TypeBoolean, Role: mlops.RoleLabel},
}}

func answered(data, response string) Record {
	r := newRecord(1, noon)
	r.Data, r.Response = json.RawMessage(data), json.RawMessage(response)
	return r
}

func input(t *testing.T, columns Columns, name string) stats.Input {
	t.Helper()
	for _, input := range columns.Inputs {
		if input.Name == name {
			return input
		}
	}
	t.Fatalf("there is no column %q", name)
	return stats.Input{}
}

func TestColumnsAreTypedAsTheDatasetSays(t *testing.T) {
	columns, err := ColumnsOf([]Record{
		answered(`[{"at":"2001-01-08T10:00:00Z","distance":502,"origin":"TXL","holiday":true},
			{"at":"soon","distance":"503.5","origin":7,"holiday":"no"},
			{"at":null,"distance":"far","origin":"","holiday":2},
			{"distance":null,"origin":{"code":"TXL"},"gate":"B","distance":504}]`, `[]`),
	}, flights)
	if err != nil {
		t.Fatal(err)
	}
	distance := input(t, columns, "distance")
	if distance.Type != mlops.TypeNumber || distance.Numbers[0] != 502 || distance.Numbers[1] != 503.5 || !math.IsNaN(distance.Numbers[2]) ||
		distance.Numbers[3] != 504 || !slices.Equal(distance.Null, []bool{false, false, true, false}) {
		t.Errorf("distance is %+v", distance)
	}
	if origin := input(t, columns, "origin"); fmt.Sprint(origin.Text) != "[TXL 7  ]" || !slices.Equal(origin.Null, []bool{false, false, true, true}) {
		t.Errorf("origin is %+v", origin)
	}
	if holiday := input(t, columns, "holiday"); fmt.Sprint(holiday.Text) != "[true false  ]" || !slices.Equal(holiday.Null, []bool{false, false, true, true}) {
		t.Errorf("holiday is %+v", holiday)
	}
	if at := input(t, columns, "at"); !slices.Equal(at.Null, []bool{false, true, true, true}) {
		t.Errorf("at is %+v", at)
	}
	if want := map[string]int64{"at": 1, "distance": 1, "origin": 1, "holiday": 1}; fmt.Sprint(columns.TypeErrors) != fmt.Sprint(want) {
		t.Errorf("type errors are %v, want %v", columns.TypeErrors, want)
	}
	if want := map[string]int64{"at": 1, "holiday": 1}; fmt.Sprint(columns.Missing) != fmt.Sprint(want) {
		t.Errorf("missing are %v, want %v", columns.Missing, want)
	}
	if columns.Rows != 4 || columns.Unknown["gate"] != 1 || columns.Versions[3] != 4 {
		t.Errorf("counted %+v", columns)
	}
	if want := []time.Time{noon.Add(-2 * time.Hour), noon, noon, noon}; !slices.Equal(columns.Times, want) {
		t.Errorf("times are %v, want %v", columns.Times, want)
	}
	for _, input := range columns.Inputs {
		if input.Name == "late" {
			t.Error("a column that never came is there")
		}
	}
}

// A column that begins late, or ends early, is null elsewhere, and all columns keep one length.
func TestColumnsThatComeAndGo(t *testing.T) {
	columns, err := ColumnsOf([]Record{
		answered(`[{"distance":1},{"distance":2}]`, `[]`), answered(`[{"origin":"A"}]`, `[]`), answered(`[{"distance":4,"origin":"B"}]`, `[]`), answered(`[{}]`, `[]`),
	}, flights)
	if err != nil {
		t.Fatal(err)
	}
	if distance := input(t, columns, "distance"); !slices.Equal(distance.Null, []bool{false, false, true, false, true}) || len(distance.Numbers) != 5 {
		t.Errorf("distance is %+v", distance)
	}
	if origin := input(t, columns, "origin"); !slices.Equal(origin.Null, []bool{true, true, false, false, true}) || len(origin.Text) != 5 {
		t.Errorf("origin is %+v", origin)
	}
}

func TestPredictionsColumn(t *testing.T) {
	failed := answered(`[{"distance":3}]`, ``)
	failed.Status, failed.Response, failed.Error = 502, nil, "gone"
	missing := newRecord(1, noon)
	missing.Data, missing.Body = nil, NotCaptured+string(ReasonNotJSON)
	columns, err := ColumnsOf([]Record{
		failed, missing,
		answered(`[{"distance":1}]`, `[{"late":true,"probability":0.7}]`),
		answered(`[{"distance":1},{"distance":2}]`, `[{"probability":0.1}]`),
		answered(`[{"distance":1},{"distance":2}]`, `[{"probability":0.2},{"probability":0.3}]`),
	}, flights)
	if err != nil {
		t.Fatal(err)
	}
	if columns.Requests != 5 || columns.Failed != 1 || columns.NotCaptured != 1 || columns.Rows != 6 {
		t.Errorf("counted %+v", columns)
	}
	predictions := columns.Predictions
	if predictions == nil || predictions.Name != "probability" || predictions.Type != mlops.TypeNumber {
		t.Fatalf("predictions are %+v", predictions)
	}
	if !slices.Equal(predictions.Null, []bool{true, false, true, true, false, false}) || predictions.Numbers[1] != 0.7 || predictions.Numbers[5] != 0.3 {
		t.Errorf("predictions are %+v", predictions)
	}
}

func TestPredictionsOfAClassifier(t *testing.T) {
	for response, want := range map[string]string{
		`[{"late":true},{"late":false}]`:               "late category [true false]",
		`[{"prediction":"yes"},{"prediction":"no"}]`:   "prediction category [yes no]",
		`[{"whatever":1},{"whatever":2}]`:              "whatever number [1 2]",
		`[{"score":0.5,"class":"a"},{"score":0.25}]`:   "score number [0.5 0.25]",
		`[{"some":1,"thing":2},{"some":1,"thing":2}]`:  "none",
		`[{"prediction":null},{"prediction":null}]`:    "none",
		`[{"prediction":1},{"prediction":"unknown"}]`:  "prediction category [1 unknown]",
		`[{"predictions":0.5},{"predictions":"0.25"}]`: "predictions number [0.5 0.25]",
	} {
		columns, err := ColumnsOf([]Record{answered(`[{"distance":1},{"distance":2}]`, response)}, flights)
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		if p := columns.Predictions; p != nil && p.Type == mlops.TypeNumber {
			got = fmt.Sprint(p.Name, " ", p.Type, " ", p.Numbers)
		} else if p != nil {
			got = fmt.Sprint(p.Name, " ", p.Type, " ", p.Text)
		}
		if got != want {
			t.Errorf("%s gives %s, want %s", response, got, want)
		}
	}
}

func TestRowsThatAreNone(t *testing.T) {
	for _, data := range []string{`{}`, `[1]`, `{`, `"x"`} {
		if _, err := ColumnsOf([]Record{answered(data, `[]`)}, flights); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%s: %v, want invalid", data, err)
		}
	}
}

// A client can invent names; they must not take memory without end.
func TestUnknownNamesAreBounded(t *testing.T) {
	builder := NewBuilder(flights)
	for i := range 3 * mostUnknown {
		if err := builder.Add(answered(fmt.Sprintf(`[{"made-up-%d":1}]`, i), `[]`)); err != nil {
			t.Fatal(err)
		}
	}
	if unknown := builder.Columns().Unknown; len(unknown) != mostUnknown+1 || unknown[""] != 2*mostUnknown {
		t.Errorf("%d names, %d without one", len(unknown), unknown[""])
	}
}
