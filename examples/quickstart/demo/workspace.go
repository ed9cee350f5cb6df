//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// demo is one play: where it works, what runs, and what later steps know from earlier ones.
type demo struct {
	top       string // of the repository
	work      string // a copy of the quickstart, where terraform runs
	logs      string // what commands printed
	project   string // the store that terraform makes
	bin       string // our binaries
	terraform string

	cluster     *cluster      // nil on one machine
	local       *exec.Cmd     // mlops local
	localExited chan struct{} // closed when it has ended

	endpoint string // of the deployment
	report   string // of the shift, as HTML
	commands int    // run so far, which numbers their logs
}

func newDemo(top, terraform string) *demo {
	root := filepath.Join(top, ".demo")
	work := filepath.Join(root, "flights")
	return &demo{
		top: top, work: work, logs: filepath.Join(root, "logs"), project: filepath.Join(work, ".mlops"),
		bin: filepath.Join(top, "bin"), terraform: terraform, localExited: make(chan struct{}),
	}
}

// newClusterDemo plays in a cluster; the project's folder is then a copy of what is in the store.
func newClusterDemo(top, terraform string) *demo {
	d := newDemo(top, terraform)
	root := filepath.Join(top, ".demo-cluster")
	d.work, d.logs, d.project = filepath.Join(root, "flights"), filepath.Join(root, "logs"), filepath.Join(root, "project")
	d.cluster = &cluster{}
	return d
}

// start starts what runs the project's workloads.
func (d *demo) start(ctx context.Context) error {
	if d.cluster != nil {
		return d.cluster.start(ctx, d)
	}
	return d.startLocal()
}

// stop ends it.
func (d *demo) stop(ctx context.Context) error {
	if d.cluster != nil {
		return d.cluster.stop()
	}
	return d.stopLocal(ctx)
}

// port is where the project's models are served: DEMO_PORT, or the quickstart's default.
func port() string {
	if given := os.Getenv("DEMO_PORT"); given != "" {
		return given
	}
	return "8765"
}

// prepare copies the quickstart's configuration and data, so that the checkout stays as it is, and tells terraform where the
// provider that was just built is.
func (d *demo) prepare(ctx context.Context) error {
	for _, folder := range []string{d.logs, filepath.Join(d.work, "data", "days")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	quickstart := filepath.Join(d.top, "examples", "quickstart")
	for _, pattern := range []string{"*.tf", "*.tfvars", "data/*.csv", "data/days/*.csv"} {
		files, err := filepath.Glob(filepath.Join(quickstart, pattern))
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return fmt.Errorf("no %s in %s: run make demo at the top of the repository", pattern, quickstart)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(d.work, strings.TrimPrefix(file, quickstart)), content, 0o644); err != nil {
				return err
			}
		}
	}
	configuration := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"terraform-mlops/mlops\" = %q\n  }\n  direct {}\n}\n", d.bin)
	if err := os.WriteFile(d.cliConfig(), []byte(configuration), 0o644); err != nil {
		return err
	}
	if d.cluster != nil {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+port())
	if err != nil {
		return fmt.Errorf("port %s is taken: choose another with DEMO_PORT=... (%w)", port(), err)
	}
	return listener.Close()
}

func (d *demo) cliConfig() string { return filepath.Join(filepath.Dir(d.work), "terraform.rc") }

// environment is what every command of the demo sees.
func (d *demo) environment() []string {
	all := append(os.Environ(),
		"PATH="+d.bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"TF_CLI_CONFIG_FILE="+d.cliConfig(), "TF_VAR_port="+port(), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1",
		"MLOPS_PROJECT=.mlops", "COLUMNS=110")
	if d.cluster != nil {
		all = append(all, d.cluster.environment()...)
	}
	return all
}

// startLocal starts `mlops local` in a process group of its own: Ctrl-C is for the demo, which stops it in order.
func (d *demo) startLocal() error {
	log, err := os.Create(filepath.Join(d.logs, "local.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	fmt.Printf("%s\n", grey("$ mlops local &"))
	d.local = exec.Command(filepath.Join(d.bin, "mlops"), "local") //nolint:gosec // built a moment ago
	d.local.Dir, d.local.Env = d.work, d.environment()
	d.local.Stdout, d.local.Stderr = log, log
	d.local.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.local.Start(); err != nil {
		return fmt.Errorf("start mlops local: %w", err)
	}
	go func() {
		_ = d.local.Wait() // its state says how it went
		close(d.localExited)
	}()
	return nil
}

// alive says why nothing can come any more, where mlops local has ended.
func (d *demo) alive() error {
	if d.cluster != nil {
		return d.cluster.alive()
	}
	select {
	case <-d.localExited:
		return fmt.Errorf("mlops local has ended (%s): see %s", d.local.ProcessState, filepath.Join(d.logs, "local.log"))
	default:
		return nil
	}
}

// stopLocal ends what the demo's project runs, whoever started it.
func (d *demo) stopLocal(ctx context.Context) error {
	if _, err := os.Stat(d.project + ".runner"); errors.Is(err, fs.ErrNotExist) && d.local == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	stop := exec.CommandContext(ctx, filepath.Join(d.bin, "mlops"), "local", "stop") //nolint:gosec // built a moment ago
	stop.Dir, stop.Env = d.work, d.environment()
	output, err := stop.CombinedOutput()
	if err != nil {
		return fmt.Errorf("mlops local stop: %w: %s", err, output)
	}
	if d.local != nil {
		<-d.localExited
	}
	return nil
}

// remove ends what an earlier demo left running and removes its folder.
func (d *demo) remove(ctx context.Context) error {
	root := filepath.Dir(d.work)
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(d.bin, "mlops")); err == nil && d.cluster == nil {
		if err := d.stopLocal(ctx); err != nil {
			return err
		}
	}
	return os.RemoveAll(root)
}

// relative is a path as seen from the top of the repository, for printing.
func (d *demo) relative(path string) string {
	if short, err := filepath.Rel(d.top, path); err == nil {
		return short
	}
	return path
}
