package armfake

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/oracle"
)

// judge asks the oracle for a body, and keeps what the service would keep: what it does not know it drops. A PATCH may
// leave out what a PUT needs.
func (f *Fake) judge(method string, at target, version, action string, body []byte) (map[string]any, *failure) {
	bad := func(what string) *failure {
		return &failure{Status: 400, Code: "InvalidRequestContent", Message: "The request content was invalid and could not be deserialized: " + what}
	}
	if f.types == nil || !f.types.Knows(at.kind) {
		f.unjudged[strings.Trim(at.kind+"/"+action, "/")] = true
		kept := map[string]any{}
		if len(body) > 0 {
			if err := json.Unmarshal(body, &kept); err != nil {
				return nil, bad(err.Error())
			}
		}
		return kept, nil
	}
	judged, err := oracle.Judgement{}, error(nil)
	if action == "" {
		judged, err = f.types.Check(at.kind, version, at.name, body)
	} else {
		judged, err = f.types.CheckAction(at.kind, action, version, body)
	}
	if action != "" && len(body) == 0 && errors.Is(err, oracle.ErrType) { // the types know few actions, and here is nothing to judge
		f.unjudged[at.kind+"/"+action] = true
		return map[string]any{}, nil
	}
	what := strings.TrimSpace(method + " " + at.id + " " + action)
	if err != nil && !errors.Is(err, oracle.ErrType) {
		f.problems = append(f.problems, what+": "+err.Error())
		return nil, bad(err.Error())
	} else if err != nil {
		f.problems = append(f.problems, what+": "+err.Error())
		return nil, &failure{Status: 404, Code: "InvalidResourceType", Message: "The resource type could not be found: " + err.Error()}
	}
	if method == http.MethodPatch {
		judged.Problems = slices.DeleteFunc(judged.Problems, func(problem string) bool { return strings.HasSuffix(problem, "is missing") })
	}
	for _, note := range judged.Notes {
		f.notes = append(f.notes, what+": "+note)
	}
	for _, problem := range judged.Problems {
		f.problems = append(f.problems, what+": "+problem)
	}
	for _, problem := range judged.Problems {
		if !strings.HasSuffix(problem, "is not known") && !strings.HasSuffix(problem, "is read-only") {
			return nil, bad(problem)
		}
	}
	kept, _ := judged.Reply.(map[string]any)
	return kept, nil
}
