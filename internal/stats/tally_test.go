package stats_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// laws draw values that are hard to count: heavy tails, ties, constants, edges themselves, nulls, infinities.
var laws = map[string]func(*rand.Rand) float64{
	"normal":    func(r *rand.Rand) float64 { return r.NormFloat64() },
	"lognormal": func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) },
	"zeroes": func(r *rand.Rand) float64 {
		if r.IntN(3) > 0 {
			return 0
		}
		return r.ExpFloat64()
	},
	"prices":   func(r *rand.Rand) float64 { return math.Round(20*math.Exp(0.7*r.NormFloat64())) - 0.01 },
	"constant": func(*rand.Rand) float64 { return 7 },
	"counts":   func(r *rand.Rand) float64 { return math.Floor(3 * r.ExpFloat64()) },
	"dirty": func(r *rand.Rand) float64 {
		return []float64{math.NaN(), math.Inf(1), 1, 2, r.NormFloat64(), -math.MaxFloat64, math.MaxFloat64}[r.IntN(7)]
	},
}

func drawn(random *rand.Rand, law func(*rand.Rand) float64, rows int) stats.Input {
	column := stats.Input{Name: "x", Type: mlops.TypeNumber, Numbers: make([]float64, rows)}
	for i := range column.Numbers {
		column.Numbers[i] = law(random)
	}
	return column
}

// Tallies of any parts of a column add up to the tally of the whole, in any order.
func TestTalliesAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 1))
	low, high := -1.0, 3.0
	declared := mlops.Column{Type: mlops.TypeNumber, Minimum: &low, Maximum: &high}
	for name, law := range laws {
		t.Run(name, func(t *testing.T) {
			reference := stats.NewColumnProfile(drawn(random, law, 3000))
			for _, other := range laws {
				frame := stats.NewFrame(declared, reference)
				whole := drawn(random, other, 2000)
				want := frame.Count(whole, 3)
				got := frame.New()
				parts := splits(random, len(whole.Numbers))
				for i, part := range parts {
					errors := int64(0)
					if i == 0 {
						errors = 3
					}
					got.Add(frame.Count(stats.Input{Type: mlops.TypeNumber, Numbers: whole.Numbers[part[0]:part[1]]}, errors))
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("%d parts add up to %+v, the whole is %+v", len(parts), got, want)
				}
			}
		})
	}
}

// splits cuts rows into parts of random length, some empty, in random order.
func splits(random *rand.Rand, rows int) [][2]int {
	cuts := []int{0, rows}
	for range random.IntN(40) {
		cuts = append(cuts, random.IntN(rows+1))
	}
	slices.Sort(cuts)
	var parts [][2]int
	for i := 1; i < len(cuts); i++ {
		parts = append(parts, [2]int{cuts[i-1], cuts[i]})
	}
	random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return parts
}

// Levels that the reference lacks are kept by name up to a bound, and what is left of more than that still adds up.
func TestTalliesOfManyLevelsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(12, 1))
	text := func(rows, levels int) stats.Input {
		column := stats.Input{Name: "c", Type: mlops.TypeCategory, Text: make([]string, rows), Null: make([]bool, rows)}
		for i := range column.Text {
			column.Text[i], column.Null[i] = strconv.Itoa(random.IntN(levels)), random.IntN(50) == 0
		}
		return column
	}
	frame := stats.NewFrame(mlops.Column{Type: mlops.TypeCategory}, stats.NewColumnProfile(text(2000, 300)))
	for _, levels := range []int{200, 3 * stats.MaximumUnnamed} {
		whole := text(40000, levels)
		want := frame.Count(whole, 0)
		got := frame.New()
		for _, part := range splits(random, len(whole.Text)) {
			got.Add(frame.Count(stats.Input{Type: mlops.TypeCategory, Text: whole.Text[part[0]:part[1]], Null: whole.Null[part[0]:part[1]]}, 0))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d levels: parts add up to %d rows by name and %d others, the whole is %d and %d",
				levels, rowsOf(frame.Counts(*got.Category)), got.Category.Other, rowsOf(frame.Counts(*want.Category)), want.Category.Other)
		}
		counted := rowsOf(frame.Counts(*want.Category)) + want.Category.Other
		if counted != want.Values() {
			t.Errorf("%d levels: %d rows are counted of %d", levels, counted, want.Values())
		}
		if levels == 200 && len(want.Category.Unnamed) > 0 {
			t.Errorf("levels that the reference names are counted as others: %v", want.Category.Unnamed)
		}
		if some := want.Category.Other > 0; some != (levels > stats.MaximumUnnamed) {
			t.Errorf("%d levels: %d rows are others", levels, want.Category.Other)
		}
	}
}

func rowsOf(counts map[string]int64) (sum int64) {
	for _, count := range counts {
		sum += count
	}
	return sum
}

// What rows give lies between the bounds that counts give, and decile counts are the same.
func TestBoundsHoldWhatRowsGive(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 1))
	const dust = 1e-9
	for before, law := range laws {
		for now, other := range laws {
			reference := stats.NewColumnProfile(drawn(random, law, 7000))
			column := drawn(random, other, 3000)
			sorted := column.SortedNumbers()
			frame := stats.NewFrame(mlops.Column{Type: mlops.TypeNumber}, reference)
			tally := frame.Count(column, 0)
			number := *reference.Number
			if got, want := stats.CountedBins(reference, *tally.Number, tally.Nulls), stats.QuantileBins(reference, sorted, tally.Nulls); !reflect.DeepEqual(got, want) {
				t.Errorf("%s then %s: bins %+v, from rows %+v", before, now, got, want)
			}
			distance := stats.KSDistance(number.Sample, sorted, stats.TwoSided)
			if bounds := tally.Number.KSBounds(number); distance < bounds.Least-dust || distance > bounds.Most+dust {
				t.Errorf("%s then %s: KS distance %v lies outside of %v", before, now, distance, bounds)
			}
			n, m := float64(reference.Rows-reference.Nulls), float64(len(sorted))
			rank := stats.RankShift(number.Sample, sorted, n, m)
			area, pValue := tally.Number.RankBounds(number, n, m)
			if rank.Value < area.Least-dust || rank.Value > area.Most+dust || rank.PValue < pValue.Least*(1-1e-6)-1e-300 || rank.PValue > pValue.Most*(1+1e-6)+1e-300 {
				t.Errorf("%s then %s: rank %v lies outside of %v, %v", before, now, rank, area, pValue)
			}
			tripled := make([]float64, len(number.Sample))
			for i, value := range number.Sample {
				tripled[i] = 3 * value / 2
			}
			if got, most := tally.Number.FarFrom(number, tripled), stats.KSDistance(tripled, sorted, stats.TwoSided); got > most+dust {
				t.Errorf("%s then %s: at least %v from other values, and %v in truth", before, now, got, most)
			}
			if laid := tally.Number.Spread(number, 1000); len(laid) != 1000 || !slices.IsSorted(laid) {
				t.Errorf("%s then %s: %d values are laid, sorted %v", before, now, len(laid), slices.IsSorted(laid))
			}
		}
	}
}

// Bounds of a large window without drift are narrow: what decides does not hang on them.
func TestBoundsAreNarrow(t *testing.T) {
	random := rand.New(rand.NewPCG(14, 1))
	for name, law := range map[string]func(*rand.Rand) float64{"normal": laws["normal"], "prices": laws["prices"]} {
		reference := stats.NewColumnProfile(drawn(random, law, 20000))
		tally := stats.NewFrame(mlops.Column{Type: mlops.TypeNumber}, reference).Count(drawn(random, law, 50000), 0)
		bounds := tally.Number.KSBounds(*reference.Number)
		if bounds.Most-bounds.Least > 0.006 {
			t.Errorf("%s: KS distance is known to lie in %v only", name, bounds)
		}
	}
}

// An encoded tally adds what the tally adds, and what is cut short or of another frame is an error.
func TestEncodedTallies(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 1))
	text := stats.Input{Name: "c", Type: mlops.TypeCategory, Text: []string{"a", "a", "b", "<script>", "", "c"}, Null: []bool{false, false, false, false, true, false}}
	columns := []stats.Input{drawn(random, laws["zeroes"], 3000), drawn(random, laws["lognormal"], 100), text, {Name: "t", Type: mlops.TypeTimestamp, Null: []bool{true, false}}}
	for _, column := range columns {
		reference := column
		if column.Text != nil {
			reference = stats.Input{Name: "c", Type: mlops.TypeCategory, Text: []string{"a", "b", "z"}}
		}
		frame := stats.NewFrame(mlops.Column{Type: column.Type}, stats.NewColumnProfile(reference))
		want, got := frame.Count(column, 1), frame.Count(column, 1)
		encoded := want.Append(nil)
		want.Add(frame.Count(column, 1))
		rest, err := got.AddEncoded(append(encoded, 42))
		if err != nil || len(rest) != 1 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %d bytes left; read back %+v, want %+v", column.Type, err, len(rest), got, want)
		}
		for cut := range len(encoded) {
			broken := frame.New()
			if _, err := broken.AddEncoded(encoded[:cut]); !errors.Is(err, mlops.ErrInvalid) {
				t.Fatalf("%s: %d of %d bytes: error %v, want one that is mlops.ErrInvalid", column.Type, cut, len(encoded), err)
			}
		}
	}
}

func FuzzEncodedTally(f *testing.F) {
	random := rand.New(rand.NewPCG(16, 1))
	number := drawn(random, laws["zeroes"], 500)
	text := stats.Input{Type: mlops.TypeCategory, Text: []string{"a", "b", "new"}}
	frames := []stats.Frame{
		stats.NewFrame(mlops.Column{Type: mlops.TypeNumber}, stats.NewColumnProfile(number)),
		stats.NewFrame(mlops.Column{Type: mlops.TypeCategory}, stats.NewColumnProfile(stats.Input{Type: mlops.TypeCategory, Text: []string{"a", "b"}})),
	}
	f.Add(frames[0].Count(number, 0).Append(nil))
	f.Add(frames[1].Count(text, 0).Append(nil))
	f.Add(stats.CountTimes([]time.Time{time.Unix(1, 2), time.Unix(3, 4)}).Append(nil))
	f.Fuzz(func(_ *testing.T, data []byte) {
		for _, frame := range frames {
			tally := frame.New()
			_, _ = tally.AddEncoded(data)
		}
		_, _, _ = stats.DecodeTimes(data)
	})
}

// Times of spans one after another add up, and survive being encoded.
func TestTimesAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 1))
	start := time.Date(2001, 1, 5, 0, 0, 0, 0, time.UTC)
	for range 50 {
		times := make([]time.Time, 1+random.IntN(300))
		for i := range times {
			times[i] = start.Add(time.Duration(random.Int64N(int64(24 * time.Hour)))).Truncate(time.Duration(1 + random.Int64N(int64(time.Hour))))
		}
		want := stats.CountTimes(times)
		hours := map[int][]time.Time{}
		for _, at := range times {
			hour := int(at.Sub(start).Hours()) / 5
			hours[hour] = append(hours[hour], at)
		}
		var got stats.TimeTally
		for hour := -1; hour < 6; hour++ {
			tally, rest, err := stats.DecodeTimes(stats.CountTimes(hours[hour]).Append(nil))
			if err != nil || len(rest) > 0 {
				t.Fatal(err, rest)
			}
			got.Add(tally)
		}
		if got.GapTo.Sub(got.GapFrom) != want.GapTo.Sub(want.GapFrom) {
			t.Fatalf("longest gap %v to %v, want %v to %v", got.GapFrom, got.GapTo, want.GapFrom, want.GapTo)
		}
		got.GapFrom, got.GapTo = want.GapFrom, want.GapTo // of several as long, any
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("added up %+v, want %+v", got, want)
		}
	}
}
