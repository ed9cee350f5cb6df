package armfake

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"time"
)

// Call is one request to ARM, numbered from 1 in order of arrival.
type Call struct {
	Number  int             `json:"-"`
	Method  string          `json:"method"`
	Path    string          `json:"path"`
	Version string          `json:"api-version"`
	Body    json.RawMessage `json:"body,omitempty"`
	// Kind is the lower-cased type that the path names; with the action behind it for a POST.
	Kind string `json:"-"`
}

// Writes says whether the call changes anything.
func (c Call) Writes() bool {
	return c.Method == http.MethodPut || c.Method == http.MethodPatch || c.Method == http.MethodDelete
}

// Calls are all requests to ARM so far.
func (f *Fake) Calls() []Call {
	f.lock.Lock()
	defer f.lock.Unlock()
	return append([]Call(nil), f.calls...)
}

// ForgetCalls begins to count anew.
func (f *Fake) ForgetCalls() {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.calls = nil
}

// Observe is told of each call once it has been answered. A test that kills a process after its n-th call hangs here.
func (f *Fake) Observe(observer func(Call)) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.observers = append(f.observers, observer)
}

// note records a call; the body is kept as it came where it is JSON.
func (f *Fake) note(r *http.Request, body []byte) Call {
	call := Call{Method: r.Method, Path: r.URL.Path, Version: r.URL.Query().Get("api-version")}
	if json.Valid(body) {
		call.Body = body
	}
	if at, ok := parse(r.URL.Path); ok {
		call.Kind = at.kind
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	call.Number = len(f.calls) + 1
	f.calls = append(f.calls, call)
	if f.record != nil {
		line, err := json.Marshal(call)
		if err == nil {
			_, err = f.record.Write(append(line, '\n'))
		}
		if err != nil {
			f.problems = append(f.problems, "a request could not be recorded: "+err.Error())
		}
	}
	return call
}

// serve is one request, from its fault to its answer.
func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	if f.entra(w, r) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	if err != nil {
		refuse(w, failure{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge", Message: "The request content is too large."})
		return
	}
	call := f.note(r, body)
	defer func() {
		f.lock.Lock()
		observers := append([]func(Call){}, f.observers...)
		f.lock.Unlock()
		for _, observer := range observers {
			observer(call)
		}
	}()
	wrong := f.misbehaviour(call)
	switch {
	case wrong == nil:
	case wrong.hang:
		select {
		case <-r.Context().Done():
		case <-f.closed:
		}
		return
	case wrong.cut:
		hangUp(w)
		return
	case !wrong.lost:
		refuse(w, wrong.failure)
		return
	}
	answered := f.arm(r, body)
	if wrong != nil { // done, but nobody hears of it
		hangUp(w)
		return
	}
	answered.write(w)
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	if connection, _, err := hijacker.Hijack(); err == nil {
		_ = connection.Close()
	}
}

// reply is an answer of ARM.
type reply struct {
	status int
	header http.Header
	body   any
}

func (r reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	if r.body == nil {
		w.WriteHeader(r.status)
		return
	}
	answer(w, r.status, r.body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// failure is an error of ARM.
type failure struct {
	Status        int
	Code, Message string
	Header        http.Header
	// Flat is {"code","message"} without "error" around, as action groups answer.
	Flat bool
}

func (e failure) reply() reply {
	body := map[string]any{"code": e.Code, "message": e.Message}
	header := http.Header{"X-Ms-Error-Code": {e.Code}}
	maps.Copy(header, e.Header)
	if e.Flat {
		return reply{e.Status, header, body}
	}
	return reply{e.Status, header, map[string]any{"error": body}}
}

func refuse(w http.ResponseWriter, e failure) { e.reply().write(w) }

// stamp is how ARM writes a time.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.0000000Z") }
