package collect

import "time"

// flushing says when the log is sealed: once nothing has come for a while, so that the newest records are soon in the
// store, and else when the oldest is of an age. The first is bounded, because traffic that trickles would make a file of
// each request.
type flushing struct {
	idle, age time.Duration
	tokens    int // how often the log may be sealed for being idle
	refilled  time.Time
}

const (
	mostTokens  = 20
	refillAfter = 20 * time.Second
)

// due is what the log may be asked now: for how long it must have been idle, or how old its oldest record must be.
func (f *flushing) due(now time.Time) (idle, age time.Duration) {
	if f.refilled.IsZero() {
		f.tokens, f.refilled = mostTokens, now
	}
	for f.tokens < mostTokens && now.Sub(f.refilled) >= refillAfter {
		f.tokens++
		f.refilled = f.refilled.Add(refillAfter)
	}
	if f.tokens == mostTokens {
		f.refilled = now
	}
	if f.tokens == 0 {
		return f.age, f.age
	}
	return f.idle, f.age
}

// sealed takes note that the log was sealed for being idle.
func (f *flushing) sealed() { f.tokens = max(0, f.tokens-1) }

// look is how often to ask.
func (f *flushing) look() time.Duration {
	return min(max(f.idle/4, time.Millisecond), 250*time.Millisecond)
}
