package hours

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// shelf is which profiles of a plan there are.
type shelf struct {
	hours map[time.Time][]int // numbers, rising
	days  map[time.Time]int   // the highest number
}

// shelf lists the profiles of a span, month by month.
func (k Keeper) shelf(ctx context.Context, deployment, plan string, from, to time.Time) (shelf, error) {
	found := shelf{hours: map[time.Time][]int{}, days: map[time.Time]int{}}
	month := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	for ; month.Before(to); month = month.AddDate(0, 1, 0) {
		after := ""
		if from.After(month) {
			after = Prefix(deployment) + from.Format(dayLayout)
		}
		for {
			entries, err := k.Store.List(ctx, Prefix(deployment)+month.Format("2006/01/"), after, listed)
			if err != nil {
				return found, err
			}
			for _, entry := range entries {
				found.note(deployment, plan, entry.Key)
			}
			if len(entries) < listed || !entryDay(deployment, entries[len(entries)-1].Key).Before(to) {
				break
			}
			after = entries[len(entries)-1].Key
		}
	}
	return found, nil
}

// listed is how many keys one call lists.
const listed = 5000

func entryDay(deployment, key string) time.Time {
	rest := strings.TrimPrefix(key, Prefix(deployment))
	at, _ := time.Parse(dayLayout, rest[:min(len(dayLayout), len(rest))])
	return at
}

func (s shelf) note(deployment, plan, key string) {
	date := entryDay(deployment, key)
	name := strings.TrimSuffix(key[strings.LastIndexByte(key, '/')+1:], Suffix)
	fields := strings.Split(name, "-")
	if len(fields) != 3 || fields[1] != plan {
		return
	}
	number, err := strconv.Atoi(fields[2])
	if err != nil {
		return
	}
	if fields[0] == "day" {
		s.days[date] = max(s.days[date], number)
		return
	}
	if hour, err := strconv.Atoi(fields[0]); err == nil {
		at := date.Add(time.Duration(hour) * time.Hour)
		s.hours[at] = append(s.hours[at], number)
		slices.Sort(s.hours[at])
	}
}

// keys are those of an hour's documents.
func (s shelf) keys(deployment, plan string, hour time.Time) []string {
	var keys []string
	for _, number := range s.hours[hour] {
		keys = append(keys, hourKey(deployment, hour, plan, number))
	}
	return keys
}

// addProfiles adds whole hours.
func (k Keeper) addProfiles(ctx context.Context, sum *Sum, from, to time.Time) error {
	plan, err := sum.plan.name()
	if err != nil {
		return err
	}
	deployment := sum.plan.Deployment
	have, err := k.shelf(ctx, deployment, plan, from, to)
	if err != nil {
		return err
	}
	var keys []string
	for date := from.Truncate(day); date.Before(to); date = date.Add(day) {
		first, end := maximum(from, date), minimum(to, date.Add(day))
		if err := k.settle(ctx, sum, plan, have, first, end); err != nil {
			return err
		}
		if end.Sub(first) == day && have.days[date] > 0 {
			keys = append(keys, dayKey(deployment, date, plan, have.days[date]))
			continue
		}
		for hour := first; hour.Before(end); hour = hour.Add(time.Hour) {
			keys = append(keys, have.keys(deployment, plan, hour)...)
		}
	}
	documents, err := k.readAll(ctx, sum, keys)
	if err != nil {
		return err
	}
	for i, d := range documents {
		if err := sum.addDocument(ctx, keys[i], d); err != nil {
			return err
		}
	}
	return nil
}

// settle sees to it that the hours of a day, or of a part of one, have their profiles, and the day its own where all of it has
// passed. A day that is checked also counts what has come since.
func (k Keeper) settle(ctx context.Context, sum *Sum, plan string, have shelf, from, to time.Time) error {
	date := from.Truncate(day)
	whole := to.Sub(from) == day
	check := k.Check == nil || k.Check(date)
	if whole && have.days[date] > 0 && !check {
		return nil
	}
	missing := false
	for hour := from; hour.Before(to); hour = hour.Add(time.Hour) {
		missing = missing || len(have.hours[hour]) == 0
	}
	if !missing && !check && !whole {
		return nil
	}
	segments, err := record.Segments(ctx, k.Store, sum.plan.Deployment, from, to)
	if err != nil {
		return err
	}
	counted := tagged{}
	if whole && have.days[date] > 0 {
		of, err := k.readAll(ctx, sum, []string{dayKey(sum.plan.Deployment, date, plan, have.days[date])})
		if err != nil {
			return err
		}
		if counted = of[0].Segments; counted == tagOf(segments) {
			return nil
		}
	}
	none := len(segments) == 0
	for hour := from; hour.Before(to) && none; hour = hour.Add(time.Hour) {
		none = len(have.hours[hour]) == 0
	}
	if !whole || !none { // a whole day without a record needs no hours
		for hour := from; hour.Before(to); hour = hour.Add(time.Hour) {
			if err := k.settleHour(ctx, sum, plan, have, hour, inHour(sum.plan.Deployment, segments, hour), check); err != nil {
				return err
			}
		}
	}
	if !whole {
		return nil
	}
	return k.rollUp(ctx, sum, plan, have, date, counted)
}

// settleHour makes the profile of an hour where it has none, and counts what came late where it is checked.
func (k Keeper) settleHour(ctx context.Context, sum *Sum, plan string, have shelf, hour time.Time, segments []platform.Entry, check bool) error {
	deployment := sum.plan.Deployment
	for {
		numbers := have.hours[hour]
		if len(numbers) > 0 && !check {
			return nil
		}
		documents, err := k.readAll(ctx, sum, have.keys(deployment, plan, hour))
		if err != nil {
			return err
		}
		late := uncounted(documents, segments)
		if len(numbers) > 0 && len(late) == 0 {
			return nil
		}
		k.progress("counting the hour of " + hour.Format(time.RFC3339))
		made := document{Deployment: deployment, From: hour, To: hour.Add(time.Hour), Segments: tagOf(late)}
		for _, segment := range late {
			made.names = append(made.names, segment.Key[strings.LastIndexByte(segment.Key, '/')+1:])
		}
		if made.Parts, made.Broken, err = k.count(ctx, sum, late, hour, made.To); err != nil {
			return err
		}
		number := 1
		if len(numbers) > 0 {
			number = numbers[len(numbers)-1] + 1
			for _, part := range made.Parts {
				made.Late += part.Rows
			}
		}
		err = k.write(ctx, hourKey(deployment, hour, plan, number), &made)
		if err != nil && !errors.Is(err, mlops.ErrExists) {
			return err
		}
		have.hours[hour] = append(numbers, number) // ours or somebody's: looked at again
		if err == nil {
			return nil
		}
	}
}

// uncounted are the segments that none of the documents of their hour has counted.
func uncounted(documents []document, segments []platform.Entry) []platform.Entry {
	var counted tagged
	for _, d := range documents {
		counted = counted.plus(d.Segments)
	}
	if len(documents) > 0 && counted == tagOf(segments) {
		return nil
	}
	known := map[string]bool{}
	for _, d := range documents {
		for _, name := range d.segmentNames() {
			known[name] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(segments), func(segment platform.Entry) bool {
		return known[segment.Key[strings.LastIndexByte(segment.Key, '/')+1:]]
	})
}

// rollUp makes the profile of a day from those of its hours, where they have counted more than the one that is there.
func (k Keeper) rollUp(ctx context.Context, sum *Sum, plan string, have shelf, date time.Time, counted tagged) error {
	deployment := sum.plan.Deployment
	var keys []string
	for hour := date; hour.Before(date.Add(day)); hour = hour.Add(time.Hour) {
		keys = append(keys, have.keys(deployment, plan, hour)...)
	}
	documents, err := k.readAll(ctx, sum, keys)
	if err != nil {
		return err
	}
	made := document{Deployment: deployment, From: date, To: date.Add(day)}
	whole := newSum(sum.plan)
	whole.frames = sum.frames
	for i, d := range documents {
		made.Segments = made.Segments.plus(d.Segments)
		if err := whole.addDocument(ctx, keys[i], d); err != nil {
			return err
		}
	}
	if made.Segments.Count <= counted.Count && have.days[date] > 0 {
		return nil // segments, and perhaps hours, have gone since they were counted, as they may
	}
	made.Late, made.Broken = whole.Late, whole.Broken
	for _, part := range whole.Parts {
		if part.Edges == mixedEdges {
			return nil // hours that nobody can add are read one by one
		}
		part.complete()
		made.Parts = append(made.Parts, *part)
	}
	slices.SortFunc(made.Parts, func(a, b Part) int { return int(a.Version - b.Version) })
	number := have.days[date] + 1
	err = k.write(ctx, dayKey(deployment, date, plan, number), &made)
	if err != nil && !errors.Is(err, mlops.ErrExists) {
		return err
	}
	if err == nil {
		have.days[date] = number
	}
	return nil
}

func maximum(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minimum(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
