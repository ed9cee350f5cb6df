//go:build unix

// Command demo is `make demo` and, with -cluster, `make demo-cluster`: it plays the quickstart through seven steps in a folder of its own, .demo/ or .demo-cluster/, with the same
// commands that a person would type, prints each of them, checks what it shows, and cleans up. It knows the product by its
// binaries alone and imports nothing of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// longest is how long the whole demo may take before it gives up.
const longest = 20 * time.Minute

func main() {
	terraform := flag.String("terraform", "terraform", "terraform or tofu")
	clean := flag.Bool("clean", false, "end what a demo left running, and remove its folder")
	cluster := flag.Bool("cluster", false, "play in a cluster with real pods: the one of KUBECONFIG, else one that is made for it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *terraform, *clean, *cluster)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\n%s %v\n", red("demo:"), err)
		os.Exit(1)
	}
}

// run plays the demo, or cleans up after one.
func run(ctx context.Context, terraform string, clean, inCluster bool) error {
	top, err := os.Getwd()
	if err != nil {
		return err
	}
	alone, err := lock(top)
	if err != nil {
		return err
	}
	defer alone.Close()
	d := newDemo(top, terraform)
	if inCluster {
		d = newClusterDemo(top, terraform)
	}
	if clean {
		return d.remove(ctx)
	}
	keep := os.Getenv("DEMO_KEEP") != ""
	started := time.Now()
	if err := d.remove(ctx); err != nil {
		return fmt.Errorf("clear what an earlier demo left: %w", err)
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	err = d.play(ctx)
	if err != nil {
		err = fmt.Errorf("%w\n      logs: %s", err, d.whereLogs())
	} else {
		d.farewell(started, keep)
	}
	if keep && d.cluster == nil {
		return err
	}
	if keep && err == nil {
		fmt.Println("  It runs until Ctrl-C.")
		<-ctx.Done()
	}
	// The context may be why we are here; stopping needs one of its own.
	return errors.Join(err, d.stop(context.WithoutCancel(ctx)))
}

// lock holds the checkout for one demo at a time: a second one would stop what the first runs. It goes with the process,
// and so holds nothing up after a kill.
func lock(top string) (*os.File, error) {
	folder, err := os.Open(filepath.Join(top, "examples", "quickstart"))
	if err != nil {
		return nil, fmt.Errorf("%w: run make demo at the top of the repository", err)
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another demo plays in this checkout: wait for it, or end it (%w)", err), folder.Close())
	}
	return folder, nil
}

// play runs the steps one after another.
func (d *demo) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, longest, fmt.Errorf("the demo took longer than %s", longest))
	defer cancel()
	if err := d.start(ctx); err != nil {
		return err
	}
	for i, s := range steps {
		fmt.Printf("\n%s\n", bold(fmt.Sprintf("%d. %s", i+1, s.headline)))
		began := time.Now()
		if err := s.play(ctx, d); err != nil {
			return fmt.Errorf("step %d (%s): %w", i+1, s.headline, err)
		}
		fmt.Printf("   %s %s\n", green("done"), grey(fmt.Sprintf("in %.1f s", time.Since(began).Seconds())))
	}
	return nil
}

// farewell says where everything is.
func (d *demo) farewell(started time.Time, keep bool) {
	fmt.Printf("\n%s in %.0f s.\n", bold("The loop has closed"), time.Since(started).Seconds())
	fmt.Printf("  reports   %s\n", d.relative(filepath.Join(d.project, "reports")))
	if d.report != "" {
		fmt.Printf("            the shift: %s\n", d.relative(d.report))
	}
	fmt.Printf("  logs      %s\n", d.whereLogs())
	switch {
	case keep && d.cluster != nil:
		fmt.Printf("  running   KUBECONFIG=%s, namespace %s\n", d.cluster.scene.Kubeconfig, d.cluster.scene.Namespace)
	case keep:
		fmt.Printf("  running   cd %s; ../../bin/mlops status; curl %s\n", d.relative(d.work), d.endpoint)
	}
	if d.cluster == nil {
		fmt.Println("  clean up  make demo-clean")
	}
}

// whereLogs names the folders with what commands and pods said.
func (d *demo) whereLogs() string {
	if d.cluster != nil {
		return d.relative(d.logs)
	}
	return d.relative(d.logs) + ", " + d.relative(d.project+".runner")
}

func bold(text string) string  { return styled("1", text) }
func red(text string) string   { return styled("31", text) }
func green(text string) string { return styled("32", text) }
func grey(text string) string  { return styled("90", text) }

// styled colours text for a terminal that wants it (https://no-color.org).
func styled(code, text string) string {
	info, err := os.Stdout.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("NO_COLOR") != "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
