package dataset

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// hours are timestamps by their hour; below zero is none.
func hours(of ...int) (times []time.Time, null []bool) {
	for _, hour := range of {
		if hour < 0 {
			times, null = append(times, time.Time{}), append(null, true)
			continue
		}
		times, null = append(times, time.Date(2001, 1, 1, hour, 0, 0, 0, time.UTC)), append(null, false)
	}
	return times, null
}

func TestSplitByTime(t *testing.T) {
	tests := map[string]struct {
		hours    []int
		percent  int64
		training []int
		holdout  []int
		rule     string
	}{
		"out of order":   {[]int{5, 1, 4, 2, 3}, 20, []int{1, 3, 4, 2}, []int{0}, "together"},
		"rounds down":    {[]int{1, 2, 3, 4, 5, 6, 7}, 40, []int{0, 1, 2, 3, 4}, []int{5, 6}, "together"},
		"at least one":   {[]int{1, 2, 3}, 1, []int{0, 1}, []int{2}, "together"},
		"not all":        {[]int{1, 2}, 90, []int{0}, []int{1}, "together"},
		"ties, earlier":  {[]int{1, 1, 1, 1, 1, 1, 2, 2, 2, 3}, 30, []int{0, 1, 2, 3, 4, 5}, []int{6, 7, 8, 9}, "together"},
		"ties, later":    {[]int{1, 1, 1, 1, 1, 1, 1, 1, 2, 2}, 30, []int{0, 1, 2, 3, 4, 5, 6, 7}, []int{8, 9}, "together"},
		"one timestamp":  {[]int{1, 1, 1, 1, 1}, 20, []int{0, 1, 2, 3}, []int{4}, "on both sides"},
		"two timestamps": {[]int{1, 1, 1, 2, 2, 2, 2, 2, 2, 2}, 20, []int{0, 1, 2, 3, 4, 5, 6, 7}, []int{8, 9}, "on both sides"},
		"no timestamp":   {[]int{3, -1, 1, -1, 2}, 40, []int{1, 3, 2}, []int{4, 0}, "together"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			times, null := hours(test.hours...)
			split, err := splitByTime("at", times, null, test.percent)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(split.training, test.training) || !slices.Equal(split.holdout, test.holdout) || !strings.HasSuffix(split.rule, test.rule) {
				t.Errorf("got %+v", split)
			}
		})
	}
}

// Whatever the timestamps, every row is on one side, no training row is newer than a holdout row, and both sides have rows.
func TestSplitByTimeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times, null := hours(rapid.SliceOfN(rapid.IntRange(-1, 12), 2, 40).Draw(t, "hours")...)
		percent := rapid.Int64Range(1, 90).Draw(t, "percent")
		split, err := splitByTime("at", times, null, percent)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(split.training, split.holdout)
		slices.Sort(all)
		for i, row := range all {
			if i != row {
				t.Fatalf("rows %v", all)
			}
		}
		wanted := holdoutRows(len(times), percent)
		if held := len(split.holdout); len(all) != len(times) || len(split.training) == 0 || 2*held < wanted || held > 2*wanted {
			t.Fatalf("%d of %d rows are held out, wanted %d", held, len(times), wanted)
		}
		together := strings.HasSuffix(split.rule, "together")
		for _, a := range split.training {
			for _, b := range split.holdout {
				switch {
				case null[b] && !null[a], !null[a] && !null[b] && times[a].After(times[b]):
					t.Fatalf("row %d is newer than row %d of the holdout", a, b)
				case together && null[a] == null[b] && times[a].Equal(times[b]):
					t.Fatalf("rows %d and %d of one timestamp are on both sides", a, b)
				}
			}
		}
	})
}

func keysOf(names ...string) []Hash {
	keys := make([]Hash, len(names))
	for i, name := range names {
		keys[i] = hashText(name)
	}
	return keys
}

func TestSplitByHash(t *testing.T) {
	var names []string
	for i := range 4000 {
		names = append(names, strconv.Itoa(i%2000)) // each key twice
	}
	split, err := splitByHash("id", keysOf(names...), 20)
	if err != nil {
		t.Fatal(err)
	}
	if held := len(split.holdout); held < 700 || held > 900 || len(split.training)+held != 4000 {
		t.Errorf("%d of 4000 rows are held out", held)
	}
	side := map[string]bool{}
	for _, row := range split.training {
		side[names[row]] = true
	}
	for _, row := range split.holdout {
		if side[names[row]] {
			t.Fatalf("%s is on both sides", names[row])
		}
	}
	// A key is on the same side in a version with other keys.
	other, err := splitByHash("id", keysOf(names[500:1000]...), 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range other.holdout {
		if side[names[500+row]] {
			t.Fatalf("%s changed sides", names[500+row])
		}
	}
	if split.rule != "20% by hash of id" {
		t.Error(split.rule)
	}
}

func TestSplitByHashOfFewKeys(t *testing.T) {
	for first := range 50 {
		for _, percent := range []int64{1, 90} {
			split, err := splitByHash("id", keysOf(strconv.Itoa(first), strconv.Itoa(first+1)), percent)
			if err != nil || len(split.training) != 1 || len(split.holdout) != 1 {
				t.Fatalf("%+v, %v", split, err)
			}
		}
	}
	if _, err := splitByHash("id", keysOf("a", "a", "a"), 20); err == nil || !strings.Contains(err.Error(), "same id") {
		t.Error(err)
	}
	if _, err := splitByHash("id", keysOf("a"), 20); err == nil {
		t.Error("one row was split")
	}
}
