//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two demos in one checkout would stop each other's processes.
func TestOneDemoAtATime(t *testing.T) {
	top := t.TempDir()
	if err := os.MkdirAll(filepath.Join(top, "examples", "quickstart"), 0o755); err != nil {
		t.Fatal(err)
	}
	first, err := lock(top)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := lock(top); err == nil {
		t.Error("two demos hold one checkout", second.Close())
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := lock(top)
	if err != nil {
		t.Fatalf("the first is over, and yet: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

// A condition that cannot hold any more ends the wait at once, and so does the end of what would bring it.
func TestAwaitDoesNotWaitInVain(t *testing.T) {
	d := newDemo(t.TempDir(), "terraform")
	err := d.await(t.Context(), "the verdict", func(context.Context) (bool, string, error) {
		return false, "", hopeless{errors.New("verdict stable, want covariate")}
	})
	if err == nil || !strings.Contains(err.Error(), "want covariate") {
		t.Errorf("error %v, want the reason", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	err = d.await(ctx, "the champion", func(context.Context) (bool, string, error) { return false, "champion 1", nil })
	if err == nil || !strings.Contains(err.Error(), "interrupted") || !strings.Contains(err.Error(), "champion 1") {
		t.Errorf("error %v, want why it ended and what was seen last", err)
	}
}

func TestAwaitLooksAgainAfterAnError(t *testing.T) {
	d := newDemo(t.TempDir(), "terraform")
	looks := 0
	err := d.await(t.Context(), "the second look", func(context.Context) (bool, string, error) {
		if looks++; looks == 1 {
			return false, "", errors.New("not there yet")
		}
		return true, "", nil
	})
	if err != nil || looks != 2 {
		t.Errorf("%d looks, error %v, want two and none", looks, err)
	}
}

// A roll-out is over when every ready replica serves the wanted version, and not before.
func TestServes(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: false,
		`{"models":[{"name":"flight-delay","champion":null,"deployments":[{"ready":0,"served_versions":[]}]}]}`:             false,
		`{"models":[{"name":"flight-delay","champion":{"version":2},"deployments":[{"ready":2,"served_versions":[1,2]}]}]}`: false,
		`{"models":[{"name":"flight-delay","champion":{"version":2},"deployments":[{"ready":1,"served_versions":[2]}]}]}`:   false,
		`{"models":[{"name":"flight-delay","champion":{"version":2},"deployments":[{"ready":2,"served_versions":[2]}]}]}`:   true,
	} {
		var s statusView
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		if got := s.model().champion() == 2 && s.model().serves(2, replicas); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}

func TestNotificationsAreCountedByTopic(t *testing.T) {
	d := newDemo(t.TempDir(), "terraform")
	if n, _, err := d.notified("drift"); n != 0 || err != nil {
		t.Errorf("%d messages, error %v, want none before there is a project", n, err)
	}
	for name, topic := range map[string]string{"monitors/flight-delay/1.json": "data_quality", "monitors/flight-delay/2.json": "drift"} {
		path := filepath.Join(d.project, "alerts", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(`{"topic":"`+topic+`","summary":"`+topic+`"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, last, err := d.notified("drift"); n != 1 || last.Summary != "drift" || err != nil {
		t.Errorf("%d messages (%+v), error %v, want one", n, last, err)
	}
}

// The workspace is a copy: what the demo changes, the checkout does not see.
func TestPrepareCopiesTheQuickstart(t *testing.T) {
	top := t.TempDir()
	if err := os.MkdirAll(filepath.Join(top, "examples"), 0o755); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(here, filepath.Join(top, "examples", "quickstart")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DEMO_PORT", "0") // any: whether the default is free is not this test's business
	d := newDemo(top, "terraform")
	if err := d.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"main.tf", "demo.tfvars", "buggy.tfvars", "data/2001-01.csv", "data/days/shift-2.csv", "../terraform.rc"} {
		if !exists(filepath.Join(d.work, name)) {
			t.Errorf("%s is missing", name)
		}
	}
	if err := d.remove(t.Context()); err != nil || exists(filepath.Dir(d.work)) {
		t.Errorf("the workspace is still there (%v)", err)
	}
}
