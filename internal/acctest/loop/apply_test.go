//go:build linux

package loop

import (
	"bytes"
	"encoding/json"
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
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return command
}

// victim is what is killed when terraform is.
type victim int

const (
	nobody        victim = iota
	terraformOnly        // its provider finds itself alone
	withProvider
)

// apply runs `terraform apply`, or destroy, and kills it as soon as it has written or removed a document. It says whether
// it ended by itself.
func (s *scene) apply(kill victim, arguments ...string) (ended bool) {
	s.t.Helper()
	command := s.terraform(append(arguments, "-auto-approve", "-input=false", "-no-color")...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	before, restore := s.written(), s.keepState()
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- command.Wait() }()
	for {
		select {
		case err := <-over:
			if err != nil {
				s.t.Fatalf("terraform %s: %v\n%s", arguments[0], err, output.String())
			}
			return true
		case <-time.After(time.Millisecond):
		}
		if kill != nobody && !slices.Equal(s.written(), before) {
			pid := command.Process.Pid
			if kill == withProvider {
				pid = -pid // its process group
			}
			_ = syscall.Kill(pid, syscall.SIGKILL)
			<-over
			restore()
			return false
		}
	}
}

// keepState remembers Terraform's state. Terraform writes a local one in place, so that a kill may leave a torn one; it is
// then put back to what was remembered, as a person does from the backup.
func (s *scene) keepState() (restore func()) {
	s.t.Helper()
	path := s.path("terraform.tfstate")
	kept, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Fatal(err)
	}
	return func() {
		if now, err := os.ReadFile(path); err != nil || json.Valid(now) {
			return
		}
		s.t.Log("terraform was killed while it wrote its state")
		err := os.Remove(path)
		if err == nil && len(kept) > 0 {
			err = os.WriteFile(path, kept, 0o600)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// applyKilling applies until an apply comes to its end, and kills each of those before it at its first write: with and
// without its provider in turn.
func (s *scene) applyKilling(arguments ...string) (kills int) {
	s.t.Helper()
	for !s.apply(terraformOnly+victim(kills%2), arguments...) {
		if kills++; kills > 50 {
			s.t.Fatalf("terraform %v does not come to its end: %v", arguments, s.written())
		}
	}
	return kills
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

// `terraform apply` is killed at every write that it makes: of a new project, of a changed one, and of its destruction.
// Applied again it ends in the same place as one that nobody disturbs, and the loop that it declares runs.
func TestApplyKilledAtEveryWrite(t *testing.T) {
	undisturbed := newScene(t)
	undisturbed.configure()
	create := []string{"apply"}
	change := []string{"apply", "-var=image=trainer:2", "-var=window=48h", "-var=on_destroy=delete"}
	undisturbed.apply(nobody, create...)
	created := undisturbed.written()
	undisturbed.apply(nobody, change...)
	changed := undisturbed.written()
	if len(created) < 12 || len(changed) < len(created)+3 {
		t.Fatalf("an apply writes %d documents and its change up to %d: this test would prove little", len(created), len(changed))
	}

	s := undisturbed.again()
	s.configure()
	kills := s.applyKilling(create...)
	if kills < len(created)/3 {
		t.Errorf("terraform was killed %d times in %d writes: this test proves too little", kills, len(created))
	}
	s.check(created)
	changing := s.applyKilling(change...)
	s.check(changed, change[1:]...)

	s.startRunner()
	s.awaitServed(1)
	s.awaitAnswer()
	if diff := s.plan(change[1:]...); diff != "" {
		t.Errorf("the plan after the first promotion is not empty:\n%s", diff)
	}
	destroying := s.applyKilling(append([]string{"destroy"}, change[1:]...)...)
	if left := s.written(); len(left) > 0 {
		t.Errorf("left after destroy: %v", left)
	}
	s.some(0, "no container", func(p process) bool { return p.pod != "" || pod(p) })
	t.Logf("killed %d times in %d writes, then %d times in %d, and %d times while it was destroyed",
		kills, len(created), changing, len(changed)-len(created), destroying)
}

// check compares what was written with what an undisturbed apply writes, and wants nothing more to do.
func (s *scene) check(want []string, variables ...string) {
	s.t.Helper()
	if got := s.written(); !slices.Equal(got, want) {
		s.t.Errorf("written: %v\nwant %v", got, want)
	}
	if diff := s.plan(variables...); diff != "" {
		s.t.Errorf("the plan is not empty:\n%s", diff)
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
