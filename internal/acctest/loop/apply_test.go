//go:build linux

package loop

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// terraformPath is terraform or tofu, "" where there is neither.
func terraformPath() string {
	if given := os.Getenv("TF_ACC_TERRAFORM_PATH"); given != "" {
		return given
	}
	for _, name := range []string{"terraform", "tofu"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}

// configure puts testdata/main.tf and its data into the scene.
func (s *scene) configure() {
	s.t.Helper()
	if terraformPath() == "" {
		s.t.Skip("neither terraform nor tofu is on the PATH: make tools")
	}
	configuration, err := os.ReadFile(filepath.Join("testdata", "main.tf"))
	if err == nil {
		err = os.WriteFile(s.path("main.tf"), configuration, 0o600)
	}
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"terraform-mlops/mlops\" = %q\n  }\n  direct {}\n}\n", binDir)
	if err == nil {
		err = os.WriteFile(s.path("terraform.rc"), []byte(overrides), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.source(1)
}

// terraform is one command of it, in a process group of its own: it and its provider.
func (s *scene) terraform(arguments ...string) *exec.Cmd {
	command := s.command("terraform-provider-mlops") // for its environment
	command.Path, command.Args = terraformPath(), append([]string{"terraform"}, arguments...)
	command.Env = append(command.Env, "TF_CLI_CONFIG_FILE="+s.path("terraform.rc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		fmt.Sprintf("TF_VAR_port=%d", s.port), "TF_VAR_witness="+s.path("witness"))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

// apply runs `terraform apply` and kills it, provider and all, as soon as it has written a document, or with at most zero
// it lets it end. It says whether it ended by itself.
func (s *scene) apply(kill bool, arguments ...string) (ended bool) {
	s.t.Helper()
	command := s.terraform(append([]string{"apply", "-auto-approve", "-input=false", "-no-color"}, arguments...)...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	before := len(s.written())
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- command.Wait() }()
	for {
		select {
		case err := <-over:
			if err != nil {
				s.t.Fatalf("terraform apply: %v\n%s", err, output.String())
			}
			return true
		case <-time.After(time.Millisecond):
		}
		if kill && len(s.written()) > before {
			_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
			<-over
			return false
		}
	}
}

// plan says what an apply would change; "" for nothing.
func (s *scene) plan(arguments ...string) string {
	s.t.Helper()
	output, err := s.terraform(append([]string{"plan", "-detailed-exitcode", "-input=false", "-no-color"}, arguments...)...).CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 2 {
		return string(output)
	}
	if err != nil {
		s.t.Fatalf("terraform plan: %v\n%s", err, output)
	}
	return ""
}

// written are the documents that an apply writes, in the store and for the runner, as paths below the scene.
func (s *scene) written() []string {
	var found []string
	for _, root := range []string{s.folder, filepath.Join(s.folder+".runner", "workloads")} {
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			if err == nil && !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
				found = append(found, strings.TrimPrefix(path, s.root))
			}
			return nil
		})
	}
	slices.Sort(found)
	return found
}

// `terraform apply` is killed at every write that it makes, first of a new project and then of a changed one. Applied
// again it ends in the same place as one that nobody disturbs, and the loop that it declares runs.
func TestApplyKilledAtEveryWrite(t *testing.T) {
	undisturbed := newScene(t)
	undisturbed.configure()
	undisturbed.apply(false)
	changes := []string{"-var=image=trainer:2", "-var=window=48h"}
	created := undisturbed.written()
	undisturbed.apply(false, changes...)
	changed := undisturbed.written()
	if len(created) < 12 || len(changed) < len(created)+2 {
		t.Fatalf("an apply writes %d documents and its change up to %d: this test would prove little", len(created), len(changed))
	}

	s := undisturbed.again()
	s.configure()
	kills := 0
	for ; !s.apply(true); kills++ {
		if kills > 2*len(created) {
			t.Fatalf("it does not come to its end: %v", s.written())
		}
	}
	if kills < len(created)/2 {
		t.Errorf("terraform was killed %d times in %d writes: this test proves too little", kills, len(created))
	}
	if got := s.written(); !slices.Equal(got, created) {
		t.Errorf("written with %d kills: %v\nwant %v", kills, got, created)
	}
	if diff := s.plan(); diff != "" {
		t.Errorf("the plan is not empty:\n%s", diff)
	}
	changing := 0
	for ; !s.apply(true, changes...); changing++ {
		if changing > 2*len(changed) {
			t.Fatalf("it does not come to its end: %v", s.written())
		}
	}
	if got := s.written(); !slices.Equal(got, changed) {
		t.Errorf("written with %d kills: %v\nwant %v", changing, got, changed)
	}
	if diff := s.plan(changes...); diff != "" {
		t.Errorf("the plan is not empty:\n%s", diff)
	}
	t.Logf("killed %d times in %d writes, then %d times in %d", kills, len(created), changing, len(changed)-len(created))

	s.startRunner()
	s.awaitServed(1)
	if diff := s.plan(changes...); diff != "" {
		t.Errorf("the plan after the first promotion is not empty:\n%s", diff)
	}
}

// again is a second scene within the turn of the first.
func (s *scene) again() *scene {
	s.t.Helper()
	other := &scene{t: s.t, root: s.t.TempDir(), port: freePort(s.t)}
	other.folder = other.path("project")
	s.t.Cleanup(other.strike)
	return other
}
