package armfake

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

func notFound(at target) failure {
	if at.kind == containerKind {
		return failure{Status: 404, Code: "ContainerNotFound", Message: "The specified container does not exist."}
	}
	return failure{Status: 404, Code: "ResourceNotFound", Message: fmt.Sprintf("The Resource '%s/%s' was not found.", at.shown, at.name)}
}

func (f *Fake) get(at target) reply {
	found := f.resources[at.key]
	if found != nil && found.hidden > 0 {
		found.hidden--
		found = nil
	}
	if found == nil {
		return notFound(at).reply()
	}
	f.advance(at.key)
	return reply{http.StatusOK, http.Header{"Etag": {found.tag()}}, found.shown()}
}

// list is one page of a collection, in order of id. Role assignments are listed from the scopes around, too.
func (f *Fake) list(r *http.Request, at target) reply {
	var found []any
	skip, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken"))
	more := false
	for _, key := range sortedKeys(f.resources) {
		one := f.resources[key]
		if one.kind != at.kind || one.hidden > 0 || !f.listed(one, at, r.URL.Query().Get("$filter")) {
			continue
		}
		switch {
		case skip > 0:
			skip--
		case len(found) == f.options.PageSize:
			more = true
		default:
			found = append(found, one.shown())
		}
	}
	if found == nil {
		found = []any{}
	}
	body := map[string]any{"value": found}
	if more {
		query := r.URL.Query()
		before, _ := strconv.Atoi(query.Get("$skiptoken"))
		query.Set("$skiptoken", strconv.Itoa(before+len(found)))
		body["nextLink"] = f.URL + r.URL.Path + "?" + query.Encode()
	}
	return reply{http.StatusOK, nil, body}
}

func (f *Fake) listed(one *resource, at target, filter string) bool {
	if one.kind != "microsoft.authorization/roleassignments" {
		return one.parent == at.parent || at.parent == at.scope && within(one.scope, at.scope)
	}
	if principal, ok := strings.CutPrefix(filter, "principalId eq "); ok && one.properties()["principalId"] != strings.Trim(principal, "'") {
		return false
	}
	above := within(at.scope, one.scope)
	return above || filter != "atScope()" && within(one.scope, at.scope)
}

// write is PUT and PATCH.
func (f *Fake) write(r *http.Request, at target, version string, body []byte) reply {
	before := f.resources[at.key]
	if refused := precondition(r, before); refused != nil {
		return refused.reply()
	}
	if r.Method == http.MethodPatch && before == nil {
		return notFound(at).reply()
	}
	kept, refused := f.judge(r.Method, at, version, "", body)
	if refused != nil {
		return refused.reply()
	}
	next := &resource{target: at, body: kept, created: f.options.Now(), fill: map[string]any{}}
	if before != nil {
		next.target, next.created, next.seeded, next.fill = before.target, before.created, before.seeded, before.fill
		if r.Method == http.MethodPatch {
			next.body = clone(before.body)
			merge(next.body, kept)
		}
	}
	if refused := f.check(before, next); refused != nil {
		return refused.reply()
	}
	if before = f.resources[at.key]; before == nil { // check may have let others through
		if at.kind == f.delays.readsOf {
			next.hidden = f.delays.reads
		}
		if at.kind == "microsoft.authorization/roleassignments" {
			next.fresh = f.delays.assignments
		}
	}
	f.tag(next)
	f.resources[at.key] = next
	f.touch(next)
	status := http.StatusOK
	if before == nil {
		status = http.StatusCreated
	}
	if strings.HasPrefix(at.kind, "microsoft.insights/metricalerts") {
		status = http.StatusOK // also for a new one
	}
	if lasting := f.lasting[at.kind]; lasting.Polls > 0 {
		return f.begin(next, lasting, version, status)
	}
	return reply{status, http.Header{"Etag": {next.tag()}}, next.shown()}
}

// tag adds what a policy adds, where there can be tags.
func (f *Fake) tag(next *resource) {
	if _, tracked := next.body["location"]; !tracked || len(f.policyTags) == 0 {
		return
	}
	for name, value := range f.policyTags {
		set(next.body, "tags."+name, value)
	}
}

// precondition is If-Match and If-None-Match.
func precondition(r *http.Request, found *resource) *failure {
	want, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	switch {
	case none == "*" && found != nil:
		return &failure{Status: 412, Code: "PreconditionFailed", Message: "The condition If-None-Match: * is not met: the resource is there."}
	case want == "" || want == "*" && found != nil:
		return nil
	case found == nil || strings.Trim(want, `"`) != strings.Trim(found.tag(), `"`):
		return &failure{Status: 412, Code: "PreconditionFailed", Message: "The condition specified by the ETag is not satisfied."}
	}
	return nil
}

func (f *Fake) delete(r *http.Request, at target) reply {
	found := f.resources[at.key]
	if found == nil {
		return reply{status: http.StatusNoContent}
	}
	if refused := precondition(r, found); refused != nil {
		return refused.reply()
	}
	if refused := f.deletable(r, found); refused != nil {
		return refused.reply()
	}
	if lasting := f.lasting[at.kind]; lasting.Polls > 0 {
		return f.end(found, lasting, r.URL.Query().Get("api-version"))
	}
	f.remove(at.key)
	if at.kind == "microsoft.storage/storageaccounts/blobservices/containers/immutabilitypolicies" {
		return reply{http.StatusOK, nil, found.shown()}
	}
	return reply{status: http.StatusOK}
}
