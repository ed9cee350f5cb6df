package stats

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// How levels of a category are put into bins.
const (
	// minimumExpectedCount is what a bin must lead to expect on each side, given the count of both sides together.
	minimumExpectedCount = 5
	// certainPValue, corrected for the number of levels, lets a rare level stand alone.
	certainPValue = 1e-4
)

// LevelBins counts current values by the levels of a frozen category. Levels that are frequent enough stand alone; rarer
// ones are pooled with those that are as rare; and a level that has changed beyond doubt stands alone however rare it is, or
// one new value would hide among many.
//
// Whether a level is rare is told from both sides together, never from the reference alone: levels that the reference happens to
// hold often, or once, or not at all, are rarer, or commoner, in truth, and a large window would show that as a change.
// Values that the reference lacks need no rule of their own then: those that occur once on both sides together are as
// often in the one side as in the other.
func LevelBins(reference ColumnProfile, counts map[string]int64, nulls int64) Bins {
	bins := Bins{ReferenceNulls: reference.Nulls, CurrentNulls: nulls, LevelPValue: 1}
	if reference.Category == nil {
		bins.Reference, bins.Current = []int64{0}, []int64{sumOf(counts)}
		return bins
	}
	pool := newLevelPool(reference, counts)
	for name, before := range reference.Category.Counts {
		pool.add(level{name: name, before: before, now: counts[name], named: true})
	}
	for name, now := range counts {
		if _, named := reference.Category.Counts[name]; !named {
			pool.add(level{name: name, now: now})
		}
	}
	bins.LevelPValue = pool.least
	slices.SortFunc(pool.alone, func(a, b level) int {
		return cmp.Or(cmp.Compare(b.before, a.before), cmp.Compare(b.now, a.now), cmp.Compare(a.name, b.name))
	})
	for _, level := range pool.alone {
		bins.Reference, bins.Current = append(bins.Reference, level.before), append(bins.Current, level.now)
	}
	pool.classes[0].before += reference.Category.Other
	for _, class := range pool.joined() {
		bins.Reference, bins.Current = append(bins.Reference, class.before), append(bins.Current, class.now)
	}
	return bins
}

// level is a value of a category, or several pooled ones, and how often both sides hold it. A level that is not named is one
// that the reference lacks, or, where the reference has more levels than it names, one of its rarest.
type level struct {
	name        string
	before, now int64
	named       bool
}

// levelPool sorts levels into those that stand alone and classes of rare ones.
type levelPool struct {
	n, m float64 // rows of both sides that have a value
	// frequent is the count of both sides together from which a level stands alone.
	frequent float64
	unnamed  int64 // the most rows of the reference that an unnamed level can have
	levels   int64 // how many are tested
	alone    []level
	least    float64                  // corrected p-value
	known    map[[2]int64]float64     // of pairs of counts: most levels share theirs with others
	classes  [bits.UintSize + 1]level // by the number of binary digits of the count of both sides together
}

func newLevelPool(reference ColumnProfile, counts map[string]int64) *levelPool {
	category := reference.Category
	pool := &levelPool{
		n: float64(reference.Rows - reference.Nulls), m: float64(sumOf(counts)), least: 1, known: map[[2]int64]float64{},
		levels: int64(len(category.Counts)+len(counts)) + category.Other,
	}
	both := pool.n + pool.m
	window := pool.m
	if reference.Days != nil {
		// No finer than the reference's own days were seen, or their spread would not be of the same bins.
		window = math.Min(window, reference.Days.MeanRows)
	}
	pool.frequent = minimumExpectedCount * both / math.Max(math.Min(pool.n, window), 1)
	if category.Other > 0 {
		pool.unnamed = math.MaxInt64
		for _, count := range category.Counts {
			pool.unnamed = min(pool.unnamed, count)
		}
		// Far above what decided which levels the reference names.
		pool.frequent = math.Max(pool.frequent, float64(2*pool.unnamed+2*minimumExpectedCount)*both/pool.n)
	}
	return pool
}

func (p *levelPool) add(l level) {
	if !l.named && p.unnamed > 0 {
		p.addUnnamed(l)
		return
	}
	pValue := p.test(l.before, l.now)
	p.least = math.Min(p.least, pValue)
	if both := l.before + l.now; float64(both) >= p.frequent || pValue < certainPValue {
		p.alone = append(p.alone, l)
	} else {
		p.rare(l)
	}
}

// addUnnamed adds a level that the reference may hold under no name: only more than the most it can hold is news.
func (p *levelPool) addUnnamed(l level) {
	if float64(l.now)*p.n > float64(p.unnamed)*p.m {
		pValue := p.test(p.unnamed, l.now)
		p.least = math.Min(p.least, pValue)
		if pValue < certainPValue {
			p.alone = append(p.alone, l)
			return
		}
	}
	p.classes[0].now += l.now
}

func (p *levelPool) rare(l level) {
	class := 0 // with the rarest, which have no names
	if p.unnamed == 0 {
		class = bits.Len64(uint64(l.before + l.now))
	}
	p.classes[class].before += l.before
	p.classes[class].now += l.now
}

// test is the corrected p-value that a level is as frequent in the window as in the reference.
func (p *levelPool) test(before, now int64) float64 {
	pair := [2]int64{before, now}
	pValue, known := p.known[pair]
	if !known {
		pValue = math.Min(1, RateTest(before, int64(p.n), now, int64(p.m))*float64(p.levels))
		p.known[pair] = pValue
	}
	return pValue
}

// joined are the classes of rare levels, the rarest first, each joined with the next until there is enough to expect of it.
func (p *levelPool) joined() []level {
	var classes []level
	var open level
	enough := minimumExpectedCount * (p.n + p.m) / math.Max(math.Min(p.n, p.m), 1)
	for _, class := range p.classes {
		open.before += class.before
		open.now += class.now
		if float64(open.before+open.now) >= enough {
			classes, open = append(classes, open), level{}
		}
	}
	switch last := len(classes) - 1; {
	case open.before+open.now == 0:
	case last >= 0:
		classes[last].before += open.before
		classes[last].now += open.now
	default:
		classes = append(classes, open)
	}
	return classes
}
