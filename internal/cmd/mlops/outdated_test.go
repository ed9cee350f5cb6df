package main

import (
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/story"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// A program that is older than the project says so before it writes anything, and goes on to show all that there is.
func TestOlderThanTheProject(t *testing.T) {
	p := planted(t)
	p.in.AgentVersion = "99.1.0"
	if _, _, err := p.in.CreateSpec(t.Context(), mlops.Dataset{Name: "later"}); err != nil {
		t.Fatal(err)
	}
	before, err := p.in.Store.List(t.Context(), "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	model, monitor := story.Model, story.Monitor
	for _, typed := range []string{
		"train " + model, "rollback " + model + " --to 1 --reason x", "freeze " + model + " --reason x", "thaw " + model + " --reason x",
		"dataset publish later --source a.csv", "drift run " + monitor, "drift backfill " + monitor + " --from 2026-05-01 --to 2026-05-02",
		"drift look " + monitor, "drift accept " + monitor + " --reason x",
	} {
		p.shows(exitFailed, words(typed), "this project was last applied by provider 99.1.0", "update mlops")
	}
	for _, typed := range []string{"status", "runs", "model history " + model, "audit verify", "drift show " + monitor} {
		p.shows(0, words(typed))
	}
	p.shows(0, words("status"), "this project was last applied by provider 99.1.0", "nothing is decided or changed")
	after, err := p.in.Store.List(t.Context(), "", "", 0)
	if err != nil || len(after) != len(before) {
		t.Errorf("%d documents became %d, %v", len(before), len(after), err)
	}
}
