package stats_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

func numberInput(values ...float64) stats.Input {
	return stats.Input{Name: "x", Type: mlops.TypeNumber, Numbers: values}
}

func normals(seed uint64, n int, mean float64) []float64 {
	random := rand.New(rand.NewPCG(seed, 1))
	values := make([]float64, n)
	for i := range values {
		values[i] = random.NormFloat64() + mean
	}
	return values
}

// Values on edges, ties, constants and two-valued numbers all land in a bin of their own or the one that they begin.
func TestQuantileEdges(t *testing.T) {
	next := func(x float64) float64 { return math.Nextafter(x, math.Inf(1)) }
	for name, c := range map[string]struct{ values, edges []float64 }{
		"constant":        {[]float64{7, 7, 7}, []float64{7, next(7)}},
		"one value":       {[]float64{7}, []float64{7, next(7)}},
		"two values":      {[]float64{0, 0, 1, 1}, []float64{0, 1, next(1)}},
		"all different":   {[]float64{1, 2, 3}, []float64{1, 2, 3, next(3)}},
		"frequent lowest": {[]float64{0, 0, 0, 0, 5}, []float64{0, 5, next(5)}},
	} {
		if got := stats.QuantileEdges(c.values, stats.MaximumEdges); !reflect.DeepEqual(got, c.edges) {
			t.Errorf("%s: edges %v, want %v", name, got, c.edges)
		}
	}
}

func TestProfileOfNumber(t *testing.T) {
	values := append(normals(1, 20000, 0), math.NaN(), math.Inf(1), 5)
	column := numberInput(values...)
	column.Null = make([]bool, len(values))
	column.Null[len(values)-1] = true
	profile := stats.NewColumnProfile(column)
	if profile.Rows != 20003 || profile.Nulls != 3 {
		t.Errorf("rows %d, nulls %d; want 20003 and 3 (a null, a NaN, an infinity)", profile.Rows, profile.Nulls)
	}
	number := profile.Number
	var counted int64
	for _, count := range number.Counts {
		counted += count
	}
	if counted != 20000 || number.Below+number.Above != 0 {
		t.Errorf("%d values in bins, %d outside; want 20000 and 0", counted, number.Below+number.Above)
	}
	if len(number.Sample) != stats.MaximumSample {
		t.Errorf("%d values in the sample, want %d", len(number.Sample), stats.MaximumSample)
	}
	if math.Abs(number.Mean) > 0.03 || math.Abs(number.StandardDeviation-1) > 0.03 {
		t.Errorf("mean %v, deviation %v; want about 0 and 1", number.Mean, number.StandardDeviation)
	}
}

// A profile is what it was after a trip through profile.json, extreme values included.
func TestProfileSurvivesJSON(t *testing.T) {
	columns := []stats.Input{
		{Name: "x", Type: mlops.TypeNumber, Numbers: []float64{-math.MaxFloat64, math.MaxFloat64, 5e-324, 0.1}},
		{Name: "c", Type: mlops.TypeCategory, Text: []string{"a", "a", "b", ""}, Null: []bool{false, false, false, true}},
		{Name: "b", Type: mlops.TypeBoolean, Text: []string{"true", "false", "true", "true"}},
		{Name: "t", Type: mlops.TypeTimestamp, Null: []bool{false, true, false, false}},
	}
	profile, err := stats.NewProfile(columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	content, err := json.Marshal(profile)
	if err != nil {
		t.Fatal(err)
	}
	var again stats.Profile
	if err := json.Unmarshal(content, &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, profile) {
		t.Errorf("read back %+v, want %+v", again, profile)
	}
	if nulls := profile.Columns["t"].Nulls; nulls != 1 {
		t.Errorf("%d nulls among the timestamps, want 1", nulls)
	}
}

func TestProfileRefuses(t *testing.T) {
	for name, columns := range map[string][]stats.Input{
		"lengths that differ":    {numberInput(1, 2), {Name: "y", Type: mlops.TypeNumber, Numbers: []float64{1}}},
		"a name twice":           {numberInput(1), numberInput(2)},
		"a number without any":   {{Name: "x", Type: mlops.TypeNumber, Text: []string{"1"}}},
		"a category without any": {{Name: "x", Type: mlops.TypeCategory, Numbers: []float64{1}}},
		"too few null marks":     {{Name: "x", Type: mlops.TypeNumber, Numbers: []float64{1, 2}, Null: []bool{true}}},
	} {
		if _, err := stats.NewProfile(columns, nil); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%s: error %v, want one that is mlops.ErrInvalid", name, err)
		}
	}
	if _, err := stats.NewProfile([]stats.Input{numberInput(1, 2)}, []int64{1}); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("too few days: error %v, want one that is mlops.ErrInvalid", err)
	}
}

// Days that differ by chance have no spread; days with a mean of their own have one, near the square of its deviation.
func TestDaySpread(t *testing.T) {
	const days, rows = 30, 400
	var calm, moving []float64
	var day []int64
	random := rand.New(rand.NewPCG(5, 6))
	for d := range days {
		own := 0.3 * random.NormFloat64()
		for range rows {
			calm = append(calm, random.NormFloat64())
			moving = append(moving, random.NormFloat64()+own)
			day = append(day, int64(d))
		}
	}
	profile, err := stats.NewProfile([]stats.Input{numberInput(calm...), {Name: "m", Type: mlops.TypeNumber, Numbers: moving}}, day)
	if err != nil {
		t.Fatal(err)
	}
	if got := profile.Columns["x"].Days; got.Count != days || math.Abs(got.Mean) > 0.005 {
		t.Errorf("calm days: %+v, want %d days with a mean of about 0", *got, days)
	}
	if got := profile.Columns["m"].Days; got.Mean < 0.04 || got.Mean > 0.2 {
		t.Errorf("moving days: %+v, want a mean of about 0.09", *got)
	}
}

// Many rare values are pooled, a new one among them stands out, and new ones that occur once count with the reference's own.
func TestRareLevels(t *testing.T) {
	counts := map[string]int64{"big": 500}
	for i := range 500 {
		counts[string(rune('a'+i%26))+string(rune('0'+i/26))] = 1
	}
	text := make([]string, 0, 1000)
	for level, count := range counts {
		for range count {
			text = append(text, level)
		}
	}
	profile := stats.NewColumnProfile(stats.Input{Name: "c", Type: mlops.TypeCategory, Text: text})
	bins := stats.LevelBins(profile, map[string]int64{"big": 50, "new1": 1, "new2": 1, "new3": 48}, 0)
	want := stats.Bins{Reference: []int64{500, 0, 500}, Current: []int64{50, 48, 2}, LevelPValue: bins.LevelPValue}
	if !reflect.DeepEqual(bins, want) {
		t.Errorf("bins %+v, want %+v", bins, want)
	}
}
