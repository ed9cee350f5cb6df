package armfake

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Misbehaviour is what a call meets instead of an answer.
type Misbehaviour struct {
	failure
	hang, cut, lost bool
}

// Throttle answers 429; a Retry-After below a second is said in milliseconds, as Azure may.
func Throttle(retryAfter time.Duration) Misbehaviour {
	header := http.Header{}
	if retryAfter%time.Second == 0 {
		header.Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	} else {
		header.Set("Retry-After-Ms", strconv.FormatInt(retryAfter.Milliseconds(), 10))
	}
	return Misbehaviour{failure: failure{Status: http.StatusTooManyRequests, Code: "TooManyRequests", Message: "The request is being throttled.", Header: header}}
}

// Fail answers with a status and an error.
func Fail(status int, code, message string) Misbehaviour {
	return Misbehaviour{failure: failure{Status: status, Code: code, Message: message}}
}

// FailFlat answers as action groups do: without "error" around code and message.
func FailFlat(status int, code, message string) Misbehaviour {
	return Misbehaviour{failure: failure{Status: status, Code: code, Message: message, Flat: true}}
}

// ServerError answers 500.
func ServerError() Misbehaviour {
	return Fail(http.StatusInternalServerError, "InternalServerError", "Encountered internal server error.")
}

// Denied answers as Azure Policy does.
func Denied(policy string) Misbehaviour {
	return Fail(http.StatusForbidden, "RequestDisallowedByPolicy", fmt.Sprintf("Resource was disallowed by policy. Policy identifiers: '%s'.", policy))
}

// Hang answers nothing until the client goes.
func Hang() Misbehaviour { return Misbehaviour{hang: true} }

// Cut closes the connection and does nothing.
func Cut() Misbehaviour { return Misbehaviour{cut: true} }

// LoseReply does what was asked and closes the connection.
func LoseReply() Misbehaviour { return Misbehaviour{lost: true} }

type fault struct {
	match func(Call) bool
	do    Misbehaviour
	times int
}

// Misbehave lets the next calls that match (nil: all) meet a misbehaviour, times of them (0: for ever). The returned
// function ends it.
func (f *Fake) Misbehave(do Misbehaviour, times int, match func(Call) bool) (end func()) {
	added := &fault{match: match, do: do, times: times}
	if times == 0 {
		added.times = -1
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.faults = append(f.faults, added)
	return func() {
		f.lock.Lock()
		defer f.lock.Unlock()
		added.times = 0
	}
}

// Is matches calls of a method ("": any) whose type is this or lies below it; an id matches calls on it.
func Is(method, what string) func(Call) bool {
	what = strings.ToLower(what)
	return func(call Call) bool {
		if method != "" && call.Method != method {
			return false
		}
		if strings.HasPrefix(what, "/") {
			return strings.EqualFold(call.Path, what)
		}
		return within(call.Kind, what)
	}
}

// Nth matches the n-th call alone, as Call.Number counts.
func Nth(n int) func(Call) bool { return func(call Call) bool { return call.Number == n } }

// Writes matches everything that changes something.
func Writes(call Call) bool { return call.Writes() }

func (f *Fake) misbehaviour(call Call) *Misbehaviour {
	f.lock.Lock()
	defer f.lock.Unlock()
	for _, fault := range f.faults {
		if fault.times != 0 && (fault.match == nil || fault.match(call)) {
			if fault.times > 0 {
				fault.times--
			}
			return &fault.do
		}
	}
	return nil
}

// delays are of things that the service knows late.
type delays struct {
	reads       int
	readsOf     string
	assignments int
}

// DelayReads lets each new resource of a type answer its next reads with 404.
func (f *Fake) DelayReads(kind string, reads int) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.delays.readsOf, f.delays.reads = strings.ToLower(kind), reads
}

// DelayAssignments lets the first checks that a new role assignment would allow be refused.
func (f *Fake) DelayAssignments(checks int) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.delays.assignments = checks
}

// PolicyTags are added to every resource that is written, as a policy of the subscription may.
func (f *Fake) PolicyTags(tags map[string]string) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.policyTags = tags
}

// HoldBlobs says that a container is not empty, so that it cannot be deleted under a policy.
func (f *Fake) HoldBlobs(container string, holds bool) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.held[strings.ToLower(container)] = holds
}

// Answers gives the reply of an action on a resource: Answers(id, "listKeys", ...).
func (f *Fake) Answers(id, action string, body any) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.callbacks[strings.ToLower(id+"/"+action)] = body
}
