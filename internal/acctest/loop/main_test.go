//go:build linux

package loop

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// binDir holds the binaries of this run: mlops, the provider, and trainer, which is a user's program.
var binDir string

const modulePath = "github.com/terraform-mlops/terraform-provider-mlops"

// atOnce bounds the projects that run side by side: each is a dozen processes.
var atOnce = make(chan struct{}, 2)

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	if binDir, err = os.MkdirTemp("", "mlops-loop-bin-"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(binDir)
	for name, pkg := range map[string]string{
		"mlops": modulePath + "/internal/cmd/mlops", "terraform-provider-mlops": modulePath,
		"trainer": modulePath + "/internal/acctest/loop/trainer",
	} {
		// As `go test` compiles packages, so that its cache serves both.
		build := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(binDir, name), pkg)
		if output, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("build %s: %w\n%s", pkg, err, output)
		}
	}
	return m.Run(), nil
}

const (
	patience  = 60 * time.Second // for one condition
	pollEvery = 20 * time.Millisecond
)

// await polls until a condition holds. What it sees last is in the failure.
func (s *scene) await(what string, condition func() (holds bool, seen string)) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	for {
		holds, seen := condition()
		if holds {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("%s: not within %s; last seen: %s\n%s", what, patience, seen, s.circumstances())
		case <-time.After(pollEvery):
		}
	}
}
