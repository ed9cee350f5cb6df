package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
)

const maximumRunnerLog = 16 << 20 // bytes; at the next start a longer one is moved aside

// newLocal runs a project's workloads as processes of this machine.
func newLocal() *cobra.Command {
	var port int
	command := &cobra.Command{
		Use:   "local",
		Short: "Run a project's workloads on this machine",
		Long: `Run what terraform apply has declared as processes of this machine: services with replicas, health checks, restarts and
rolling replacement, jobs, and schedules. It may be started before the first apply, and it runs until Ctrl-C or
` + "`mlops local stop`" + `, which stop everything in order. Killed and started again it takes over what ran.

Every service has the address http://127.0.0.1:<port>/<service>/. Users' programs are found on this command's PATH.`,
		Example: "  mlops local &\n  terraform apply\n  curl http://127.0.0.1:8765/\n  mlops local stop",
		Args:    takes(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runLocal(cmd, port) },
	}
	command.Flags().IntVar(&port, "port", 0, "`port` of the gateway on 127.0.0.1, instead of the one that the project declares")
	command.AddCommand(newLocalStop())
	return command
}

func runLocal(cmd *cobra.Command, port int) error {
	if port < 0 || port > 65535 {
		return usageError("--port %d: choose 1 to 65535", port)
	}
	path, err := absoluteProject(cmd)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("the path of this program is not known: %w", err)
	}
	dir := local.RunnerDir(path)
	log, err := openRunnerLog(dir)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd.PrintErrf("running the project at %s; Ctrl-C stops it; log in %s\n", path, log.Name())
	return local.RunWorkloads(cmd.Context(), local.RunnerOptions{
		Dir: dir, Place: local.Scheme + path, Executable: executable, Path: os.Getenv("PATH"),
		Port: func() int {
			if port != 0 {
				return port
			}
			return declaredPort(path)
		},
		Clock:    time.Now,
		Log:      hclog.New(&hclog.LoggerOptions{Name: "local", Level: hclog.Info, Output: log, JSONFormat: true}),
		Progress: cmd.ErrOrStderr(),
	})
}

func newLocalStop() *cobra.Command {
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "stop",
		Short: "Stop `mlops local` and everything that it runs",
		Long: "Stop `mlops local` and everything that it runs, and wait until it has stopped. Where it was killed, stop what it has\n" +
			"left running. Nothing that is declared is lost: the next start runs it again.",
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := absoluteProject(cmd)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			return local.StopWorkloads(ctx, local.RunnerDir(path), cmd.ErrOrStderr())
		},
	}
	command.Flags().DurationVar(&timeout, "timeout", 2*time.Minute, "how long to wait")
	return command
}

// absoluteProject is the folder of the project wherever the pods that are given it run.
func absoluteProject(cmd *cobra.Command) (string, error) {
	path, err := projectPath(cmd)
	if err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("project %s: %w", path, err)
	}
	return absolute, nil
}

func openRunnerLog(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("runner folder: %w", err)
	}
	path := filepath.Join(dir, "runner.log")
	if info, err := os.Stat(path); err == nil && info.Size() > maximumRunnerLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("runner log: %w", err)
		}
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("runner log: %w", err)
	}
	return log, nil
}

// declaredPort is where the project's gateway listens, 0 as long as no project is declared. It reads the store's folder
// itself: the store is made by the first apply, not by whoever waits for it.
func declaredPort(path string) int {
	names, err := filepath.Glob(filepath.Join(path, "specs", string(mlops.KindProject), "*"))
	if err != nil {
		return 0
	}
	for _, dir := range names {
		entries, err := os.ReadDir(dir) // in order of name, so the last is the latest
		if err != nil {
			continue
		}
		for _, entry := range slices.Backward(entries) {
			if strings.HasSuffix(entry.Name(), ".json") {
				if port := portOf(filepath.Join(dir, entry.Name())); port != 0 {
					return port
				}
				break
			}
		}
	}
	return 0
}

// portOf is the port that one project document declares, 0 for one that is deleted or not readable.
func portOf(path string) int {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	var document mlops.SpecDocument
	var project mlops.Project
	if json.Unmarshal(content, &document) != nil || document.Deleted || json.Unmarshal(document.Content, &project) != nil {
		return 0
	}
	if project.Local == nil || project.Local.Port == 0 {
		return mlops.DefaultLocalPort
	}
	return int(project.Local.Port)
}
