package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/story"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// place is a project in a folder, and what a person types about it.
type place struct {
	t    *testing.T
	path string
	in   *project.Project
}

func newPlace(t *testing.T) *place {
	t.Helper()
	t.Setenv("USER", "carol")
	path := filepath.Join(t.TempDir(), "project")
	on, err := local.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return &place{t: t, path: path, in: project.Open(on, "test")}
}

func planted(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	story.Plant(t, p.in)
	return p
}

// typed runs a command as a person would and returns what it said and its exit code.
func typed(ctx context.Context, arguments ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(arguments)
	err := root.ExecuteContext(ctx)
	var exit exitError
	switch {
	case errors.As(err, &exit):
		return out.String(), errs.String() + exit.message, exit.code
	case err != nil:
		return out.String(), errs.String() + err.Error(), exitFailed
	}
	return out.String(), errs.String(), 0
}

func (p *place) typed(arguments ...string) (stdout, stderr string, code int) {
	return typed(p.t.Context(), append(arguments, "--project", local.Scheme+p.path)...)
}

// shows checks the exit code of a command, and that each of the lines stands in its output in this order, white space
// counted as one.
func (p *place) shows(code int, arguments []string, lines ...string) string {
	p.t.Helper()
	stdout, stderr, got := p.typed(arguments...)
	if got != code {
		p.t.Fatalf("mlops %s: exit code %d, want %d\n%s%s", strings.Join(arguments, " "), got, code, stdout, stderr)
	}
	rest := strings.Join(strings.Fields(stdout+"\n"+stderr), " ")
	for _, line := range lines {
		_, after, ok := strings.Cut(rest, line)
		if !ok {
			p.t.Fatalf("mlops %s: %q is missing, or not in this order:\n%s\n%s", strings.Join(arguments, " "), line, stdout, stderr)
		}
		rest = after
	}
	return stdout
}

func words(text string) []string { return strings.Fields(text) }

func TestStatus(t *testing.T) {
	p := planted(t)
	p.shows(0, words("status"),
		"Project flights at file:", "Runner nothing runs: start `mlops local`",
		"Model flight-delay (science@example.com)",
		"champion version 1 since 2026-05-05 04:00, trained on flights version 1 with flight-delay:1.0.0, auc 0.7",
		"run run-e600000000 awaiting approval since 2026-05-05 16:00: version 3 waits for a person until 2026-05-08 16:00 (cause: dataset version)",
		"last run run-d500000000 promoted",
		"deployment flight-delay 0/2 ready, wants version 1, is not started yet http://127.0.0.1:8765/flight-delay",
		"monitor delay-drift covariate, window to 2026-05-02 00:00: origin moved",
		"episode "+story.Episode,
		"Notifications", "message 40",
		"Next mlops local # nothing runs", `mlops approve run-e600000000 --reason "..."`)
	var view struct {
		Models []struct {
			Champion struct{ Version int64 }
		}
	}
	if err := json.Unmarshal([]byte(p.shows(0, words("status flight-delay --json"))), &view); err != nil || view.Models[0].Champion.Version != 1 {
		t.Errorf("as JSON: %+v, %v", view, err)
	}
	p.shows(exitNothingFound, words("status nobody"), "there is flight-delay")
}

func TestRuns(t *testing.T) {
	p := planted(t)
	out := p.shows(0, words("runs"),
		"RUN MODEL STATE SINCE VERSION CAUSE WHY",
		"run-e600000000 flight-delay awaiting approval 2026-05-05 16:00 3 dataset version",
		"run-c400000000 flight-delay failed 2026-05-04 10:00 - request train: the train command ended with code 2",
		"run-c300000000 flight-delay rejected", "auc may be worse",
		"run-a100000000 flight-delay promoted 2026-05-01 06:00 1 bootstrap")
	if columns := strings.Index(out, "STATE"); !strings.HasPrefix(strings.Split(out, "\n")[1][columns:], "awaiting approval") {
		t.Errorf("the columns are not aligned:\n%s", out)
	}
	var listed []lineage.Found
	if err := json.Unmarshal([]byte(p.shows(0, words("runs flight-delay --json"))), &listed); err != nil || len(listed) != 6 || listed[0].Run.ID != story.Waiting {
		t.Errorf("as JSON: %+v, %v", listed, err)
	}
	empty := newPlace(t)
	story.Declare(t, empty.in)
	empty.shows(0, words("runs"), "no run yet")
	if out, _, _ := empty.typed("runs", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("no run as JSON is %q", out)
	}
}

func TestModelCard(t *testing.T) {
	p := planted(t)
	p.shows(0, words("runs show latest"),
		"Run run-e600000000 of model flight-delay: awaiting approval, version 3",
		"cause dataset version flights/2", "owner science@example.com",
		"data flights version 2, training split, 1,000 rows of 2001-05-01 00:00 to 2001-06-01 00:00, from data/2001-02.csv, sha256",
		"code flight-delay:1.0.0, source revision 1.0.0", "parameters l2 = 0.01", "12.3 kB",
		"Judged on the holdout of flights version 2: 240 rows, without 10 rows that either has learned from; champion is version 1: passed",
		"auc 0.7600 0.7000 +0.0600 +0.0500 to +0.0700 passed maximize, at least 0.55, tolerance 0; paired_bootstrap/v1",
		"Slices by origin: gap of auc 0.0200 (at most 0.1): passed", "ATL 120 0.7600 0.7000",
		"To decide version 3 would replace version 1 in flight-delay", "it expires at 2026-05-08 16:00 UTC", "approvers: ada, bob",
		"mlops approve run-e600000000", "Events 2026-05-05 14:00:00 requested control", "awaiting approval")
	failed := p.shows(0, words("runs show c4"), "run-c400000000", "failed", "Failed in train, exit code 2", "| panic: singular matrix", "mlops runs retry")
	if strings.Contains(failed, "\x1b") {
		t.Error("the log of a job moves the terminal")
	}
	p.shows(0, words("runs show c3"), "rejected", "NOT passed", "- auc may be worse than the champion's")
	p.shows(exitUsage, words("runs show c"), "run-c300000000, run-c400000000: write more of it")
	p.shows(exitNothingFound, words("runs show 99"), `run "99": not found`)
}

func TestModelHistory(t *testing.T) {
	p := planted(t)
	all := []string{
		"VERSION FROM TO DATA IMAGE LET IN BY WHY",
		"1 2026-05-01 06:00 2026-05-03 12:00 flights/1 flight-delay:1.0.0 the policy bootstrap 1",
		"2 2026-05-03 12:00 2026-05-05 04:00 flights/2 flight-delay:1.0.0 ada (unverified) drift: covariate drift since 2026-05-02; approved: better on the new airports",
		"1 2026-05-05 04:00 now flights/1 flight-delay:1.0.0 bob (unverified) rollback: back to version 1; slow at night",
	}
	p.shows(0, words("model history flight-delay"), all...)
	out := p.shows(0, words("model history flight-delay --at 2026-05-04"), "2 2026-05-03 12:00")
	if strings.Contains(out, "bootstrap") {
		t.Errorf("on that day only version 2 was in production:\n%s", out)
	}
	p.shows(0, words("model history flight-delay --at 2026-05-03T11:59:59Z --json"), `"version": 1`)
	p.shows(exitNothingFound, words("model history flight-delay --at 2025-01-01"), "nothing in production", "no version of flight-delay was in production at 2025-01-01")
	p.shows(exitUsage, words("model history flight-delay --at yesterday"), "write a day such as 2026-05-03")
	p.shows(exitNothingFound, words("model history nobody"), "there is flight-delay")
	p.shows(exitUsage, words("model history ../etc"), "use 1 to 50 lower-case letters")
}

func TestLineage(t *testing.T) {
	p := planted(t)
	p.shows(0, words("lineage flight-delay --version 2"),
		"flight-delay version 2", "├─ made by run run-b200000000", "└─ because of drift: covariate drift",
		"├─ learned from the training split of flights version 2: 1,000 rows", "from data/2001-02.csv, sha256 000000000000, published by dora (unverified)",
		"├─ code flight-delay:1.0.0", "├─ judged on the holdout split of flights version 2: 240 rows", "against version 1",
		"approved by ada (unverified)", "└─ in production from 2026-05-03 12:00 to 2026-05-05 04:00")
	p.shows(0, words("lineage flight-delay"), "flight-delay version 1, champion", "wanted by deployment flight-delay, which does not serve it yet")
	p.shows(exitNothingFound, words("lineage flight-delay --version 9"), "there are versions 1 to 3")
	p.shows(exitUsage, words("lineage flight-delay --version 0"), "numbered from 1")
}

func TestAuditVerify(t *testing.T) {
	p := planted(t)
	p.shows(0, words("audit verify"), "events in 2 logs", "intact")
	key := p.in.ModelLog(story.Model).Key(7)
	file := filepath.Join(p.path, filepath.FromSlash(key))
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(data, []byte(`"control"`), []byte(`"mallory"`), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	p.shows(exitFailed, words("audit verify"), key, "it was changed", "the history is not what was written")
}

func TestDriftShow(t *testing.T) {
	p := planted(t)
	p.shows(0, words("drift show delay-drift"),
		"delay-drift: covariate", "origin moved", "window 2026-05-01 00:00 to 2026-05-02 00:00, 4,000 rows of 400 requests",
		"report "+filepath.Join(p.path, strings.TrimSuffix(story.Report, ".json")+".html"),
		"FEATURE TYPE DRIFTED EFFECT THRESHOLD P NOTE", "origin category yes 0.3100 0.1000 0.0001 new: BOI", "Open episodes "+story.Episode)
	p.shows(0, words("drift show delay-drift --json"), `"verdict": "covariate"`)
	p.shows(exitNothingFound, words("drift show nobody"), "no drift monitor")
	empty := newPlace(t)
	story.Declare(t, empty.in)
	empty.shows(exitNothingFound, words("drift show delay-drift"), "has not judged a window yet")
}

func TestDriftAccept(t *testing.T) {
	p := planted(t)
	p.shows(exitUsage, words("drift accept delay-drift"), "say why")
	p.shows(exitNothingFound, words("drift accept delay-drift --reason x --episode other"), `no open episode "other"`)
	p.shows(0, words("drift accept delay-drift --reason known --as dora"), "accepted: "+story.Episode)
	state, err := p.in.Monitor(t.Context(), story.Monitor)
	if err != nil || !state.Episodes[0].Accepted || state.Episodes[0].Reason != "known" {
		t.Errorf("got %+v, %v", state.Episodes, err)
	}
	p.shows(exitNothingFound, words("drift accept delay-drift --reason again"), "no open episode that waits")
}

// A command line that cannot mean anything has an exit code of its own, and says what would.
func TestUsageErrors(t *testing.T) {
	p := planted(t)
	for line, says := range map[string]string{
		"statsu":                              "did you mean status?",
		"model histroy":                       "did you mean history?",
		"status --josn":                       "unknown flag: --josn",
		"runs show":                           "name the RUN",
		"approve":                             "name the RUN",
		"approve latest":                      "say why",
		"rollback flight-delay --reason x":    "--to N",
		"status a b":                          `"b" is not expected here`,
		"train flight-delay --wait --no-wait": "wait",
		"logs flight-delay --kind pod":        "use deployment, job, run or monitor",
	} {
		stdout, stderr, code := p.typed(words(line)...)
		if code != exitUsage || !strings.Contains(stderr, says) {
			t.Errorf("mlops %s: exit code %d, %q; want %d and %q", line, code, stdout+stderr, exitUsage, says)
		}
	}
}

// Where there is no project, every command says so and what to do, and makes none.
func TestNoProject(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "nowhere")
	empty := t.TempDir()
	for _, path := range []string{missing, empty} {
		for _, line := range []string{"status", "runs", "audit verify", "approve latest --reason x", "model history m", "drift show m"} {
			t.Setenv(projectEnv, path)
			_, stderr, code := typed(t.Context(), words(line)...)
			if code != exitNothingFound || !strings.Contains(stderr, "no project at "+path+": run terraform apply, or pass --project") {
				t.Errorf("mlops %s: exit code %d, %q", line, code, stderr)
			}
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a folder was made")
	}
	if _, stderr, code := typed(t.Context(), "status", "--project", "/subscriptions/1/containers/p"); code != exitUsage {
		t.Errorf("a project in the cloud: %d, %q", code, stderr)
	}
}

// head is where a model's log ends.
func (p *place) head() (mlops.State, eventlog.Head) {
	p.t.Helper()
	state, err := p.in.Model(p.t.Context(), story.Model)
	if err != nil {
		p.t.Fatal(err)
	}
	return state, eventlog.Head{Sequence: state.Sequence, SHA256: state.SHA256}
}

// Shells complete what the project holds; without one they are left alone.
func TestCompletion(t *testing.T) {
	p := planted(t)
	for line, want := range map[string]string{
		"status": "flight-delay", "runs show": story.Waiting, "drift show": "delay-drift", "approve": "latest", "logs": "flight-delay",
	} {
		out, _, code := typed(t.Context(), append(append([]string{"__complete"}, words(line)...), "--project", local.Scheme+p.path, "")...)
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("mlops %s <tab>: exit code %d, %q, want %q", line, code, out, want)
		}
	}
	if out, _, code := typed(t.Context(), "__complete", "status", "--project", filepath.Join(t.TempDir(), "nowhere"), ""); code != 0 || strings.Contains(out, "flight-delay") {
		t.Errorf("without a project: %d, %q", code, out)
	}
}
