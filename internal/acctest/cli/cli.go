//go:build unix

// Package cli is real Terraform with the real provider, each a process of its own, in a folder of a test: what is in files and
// logs, and what a kill leaves, only they show. It must not know what any one test is about.
package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

const modulePath = "github.com/terraform-mlops/terraform-provider-mlops"

// Directory is a working directory of Terraform.
type Directory struct {
	Path string
	// Environment stands over that of the test.
	Environment map[string]string

	terraform string
	state     []byte // the last that was whole
}

// New builds the provider and makes an empty directory. Where there is neither terraform nor tofu the test is skipped.
func New(t testing.TB, environments ...map[string]string) *Directory {
	t.Helper()
	in := &Directory{Path: t.TempDir(), terraform: find(), Environment: map[string]string{
		"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1",
	}}
	if in.terraform == "" {
		t.Skip("neither terraform nor tofu is on the PATH: make tools")
	}
	for _, environment := range environments {
		maps.Copy(in.Environment, environment)
	}
	binaries := t.TempDir()
	// As `go test` compiles packages, so that its cache serves both.
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(binaries, "terraform-provider-mlops"), modulePath)
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the provider: %v\n%s", err, output)
	}
	in.Write(t, "terraform.rc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"terraform-mlops/mlops\" = %q\n  }\n  direct {}\n}\n", binaries))
	in.Environment["TF_CLI_CONFIG_FILE"] = filepath.Join(in.Path, "terraform.rc")
	in.Write(t, "versions.tf", "terraform {\n  required_providers {\n    mlops = { source = \"terraform-mlops/mlops\" }\n  }\n}\n")
	return in
}

func find() string {
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

// Write writes a file of the directory.
func (d *Directory) Write(t testing.TB, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.Path, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Running is one command of Terraform, in a process group of its own: it and its provider.
type Running struct {
	command *exec.Cmd
	output  bytes.Buffer
}

// Command is one that has not begun.
func (d *Directory) Command(arguments ...string) *exec.Cmd {
	command := exec.Command(d.terraform, arguments...)
	command.Dir, command.Env = d.Path, os.Environ()
	for name, value := range d.Environment {
		command.Env = append(command.Env, name+"="+value)
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

// Start starts a command.
func (d *Directory) Start(t testing.TB, arguments ...string) *Running {
	t.Helper()
	running := &Running{command: d.Command(arguments...)}
	running.command.Stdout, running.command.Stderr = &running.output, &running.output
	d.state, _ = os.ReadFile(filepath.Join(d.Path, "terraform.tfstate"))
	if err := running.command.Start(); err != nil {
		t.Fatal(err)
	}
	return running
}

// Kill ends the whole process group at once.
func (r *Running) Kill() { _ = syscall.Kill(-r.command.Process.Pid, syscall.SIGKILL) }

// Wait waits for the end and returns what was printed.
func (r *Running) Wait() (string, error) {
	err := r.command.Wait()
	return r.output.String(), err
}

// Run runs a command that has to work, and returns what it printed.
func (d *Directory) Run(t testing.TB, arguments ...string) string {
	t.Helper()
	output, err := d.Start(t, arguments...).Wait()
	if err != nil {
		t.Fatalf("terraform %v: %v\n%s", arguments, err, output)
	}
	return output
}

// MendState puts back the state of before where a kill has torn it, which Terraform writes in place: a person would take the
// backup.
func (d *Directory) MendState(t testing.TB) {
	t.Helper()
	path := filepath.Join(d.Path, "terraform.tfstate")
	now, err := os.ReadFile(path)
	if err != nil || len(now) == 0 || json.Valid(now) { // empty: it has only begun
		return
	}
	t.Log("terraform was killed while it wrote its state")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if len(d.state) > 0 {
		d.Write(t, "terraform.tfstate", string(d.state))
	}
}
