package armfake

import (
	"net/http"
	"strconv"
	"strings"
)

// Style is how a long-running operation is told.
type Style string

// The styles.
const (
	AsyncOperation    Style = "Azure-AsyncOperation"
	Location          Style = "Location"
	ProvisioningState Style = "provisioningState"
)

// Lasting is a long-running operation: how often it is asked for until it is done, and the error it ends in, if any.
type Lasting struct {
	Style Style
	Polls int
	// Code and Message make it fail: "QuotaExceeded".
	Code, Message string
}

// LongRunning makes PUT, PATCH and DELETE of a type last.
func (f *Fake) LongRunning(kind string, lasting Lasting) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.lasting[strings.ToLower(kind)] = lasting
}

// operation is one that goes on.
type operation struct {
	lasting Lasting
	left    int
	finish  func()
	result  func() any
}

// begin answers a PUT or PATCH whose work goes on. The resource is there already, in a state that says so.
func (f *Fake) begin(found *resource, lasting Lasting, version string, status int) reply {
	found.state = "Creating"
	if status == http.StatusOK {
		found.state = "Updating"
	}
	finish := func() {
		found.state = "Succeeded"
		if lasting.Code != "" {
			found.state = "Failed"
		}
	}
	if lasting.Style == ProvisioningState {
		found.hidden = 0
		f.operations[found.key] = &operation{lasting: lasting, left: lasting.Polls, finish: finish}
		return reply{status, nil, found.shown()}
	}
	answered := f.promise(lasting, version, finish, func() any { return found.shown() })
	answered.body = found.shown()
	answered.status = status
	if lasting.Style == Location {
		answered.status, answered.body = http.StatusAccepted, nil
	}
	return answered
}

// end answers a DELETE whose work goes on.
func (f *Fake) end(found *resource, lasting Lasting, version string) reply {
	found.state = "Deleting"
	answered := f.promise(lasting, version, func() {
		if lasting.Code == "" {
			f.remove(found.key)
		}
	}, func() any { return nil })
	answered.status = http.StatusAccepted
	return answered
}

// promise is the header that says where to ask.
func (f *Fake) promise(lasting Lasting, version string, finish func(), result func() any) reply {
	f.serial++
	name := strconv.Itoa(f.serial)
	f.operations[name] = &operation{lasting: lasting, left: lasting.Polls, finish: finish, result: result}
	header := string(Location)
	if lasting.Style == AsyncOperation {
		header = string(AsyncOperation)
	}
	return reply{header: http.Header{http.CanonicalHeaderKey(header): {f.URL + "/operations/" + name + "?api-version=" + version}}}
}

// poll answers the address that promise gave.
func (f *Fake) poll(name string) reply {
	f.lock.Lock()
	defer f.lock.Unlock()
	going := f.operations[name]
	if going == nil {
		return failure{Status: 404, Code: "OperationNotFound", Message: "There is no operation " + name + "."}.reply()
	}
	going.left--
	done := going.left <= 0
	if done && going.finish != nil {
		going.finish()
		going.finish = nil
	}
	failed := failure{Status: 400, Code: going.lasting.Code, Message: going.lasting.Message}
	switch {
	case going.lasting.Style == AsyncOperation && !done:
		return reply{http.StatusOK, nil, map[string]any{"name": name, "status": "InProgress"}}
	case going.lasting.Style == AsyncOperation && failed.Code != "":
		return reply{http.StatusOK, nil, map[string]any{"name": name, "status": "Failed", "error": map[string]any{"code": failed.Code, "message": failed.Message}}}
	case going.lasting.Style == AsyncOperation:
		return reply{http.StatusOK, nil, map[string]any{"name": name, "status": "Succeeded"}}
	case !done:
		return reply{status: http.StatusAccepted, header: http.Header{"Location": {f.URL + "/operations/" + name + "?api-version=2021-04-01"}}}
	case failed.Code != "":
		return failed.reply()
	default:
		body := going.result()
		if body == nil {
			return reply{status: http.StatusNoContent}
		}
		return reply{http.StatusOK, nil, body}
	}
}

// advance is the progress of an operation that is told by provisioningState alone: each read is one poll.
func (f *Fake) advance(key string) {
	going := f.operations[key]
	if going == nil {
		return
	}
	if going.left--; going.left <= 0 {
		going.finish()
		delete(f.operations, key)
	}
}
