// Command collectbench measures what the collector costs beside a model: against the model alone, and against nginx doing
// nothing but forwarding. Rounds of all of them take turns, so that what else the machine does hits each alike; what counts
// is their ratio within one run. The model answers at once, so the difference is the proxy.
//
//	go run ./internal/cmd/collectbench -mlops bin/mlops
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

//go:embed nginx.conf
var nginxConfiguration string

func main() {
	mlops := flag.String("mlops", "bin/mlops", "the agent's `binary`")
	rounds := flag.Int("rounds", 5, "`number` of rounds, each of everything")
	span := flag.Duration("span", 2*time.Second, "`time` that each measurement takes")
	model := flag.String("model", "", "be the model at an `address`") // how this program starts its own model
	flag.Parse()
	var err error
	if *model != "" {
		err = serveModel(*model)
	} else {
		err = run(*mlops, *rounds, *span)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "collectbench:", err)
		os.Exit(1)
	}
}

// peer is one way to the model.
type peer struct {
	name       string
	address    string
	process    *exec.Cmd
	throughput []float64
	median     []time.Duration
	tail       []time.Duration
	processor  []time.Duration // of the process, for each request
	memory     int64           // kilobytes, at most
}

func run(mlops string, rounds int, span time.Duration) error {
	folder, err := os.MkdirTemp("", "collectbench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	peers, err := start(mlops, folder)
	defer stop(peers)
	if err != nil {
		return err
	}
	for range rounds {
		for _, p := range peers {
			if err := p.measure(span); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	report(peers, rounds, span)
	return nil
}

// start starts the model and everything that stands before it.
func start(mlops, folder string) ([]*peer, error) {
	own, err := self()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	peers := []*peer{{name: "direct", address: address, process: exec.Command(own, "-model", address)}}
	if err := peers[0].begin(); err != nil {
		return peers, err
	}
	if nginx, err := nginx(folder, address); err != nil {
		fmt.Println("without nginx:", err)
	} else {
		peers = append(peers, nginx)
		if err := nginx.begin(); err != nil {
			return peers, err
		}
	}
	for _, ours := range []struct {
		name  string
		flags []string
	}{{"collector", nil}, {"collector, redacting", []string{"--redact", "feature_07"}}, {"collector, sync always", []string{"--sync", "always"}}} {
		listen, err := freeAddress()
		if err != nil {
			return peers, err
		}
		arguments := append([]string{
			"collect", "--project", "file:" + filepath.Join(folder, strings.ReplaceAll(ours.name, " ", "")), "--deployment", "bench", "--score-path", "/score",
			"--listen", listen, "--target", "http://" + address,
		}, ours.flags...)
		p := &peer{name: ours.name, address: listen, process: exec.Command(mlops, arguments...)}
		peers = append(peers, p)
		if err := p.begin(); err != nil {
			return peers, err
		}
	}
	return peers, nil
}

// nginx is the peer where it is installed.
func nginx(folder, model string) (*peer, error) {
	binary, err := exec.LookPath("nginx")
	if err != nil {
		if _, statErr := os.Stat("/usr/sbin/nginx"); statErr != nil {
			return nil, errors.New("it is not installed (Debian: apt-get install nginx-light)")
		}
		binary = "/usr/sbin/nginx"
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	configuration := strings.NewReplacer("{{folder}}", folder, "{{listen}}", listen, "{{model}}", model).Replace(nginxConfiguration)
	path := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(path, []byte(configuration), 0o600); err != nil {
		return nil, err
	}
	return &peer{name: "nginx", address: listen, process: exec.Command(binary, "-c", path, "-p", folder)}, nil
}

// begin starts a process and waits until it listens.
func (p *peer) begin() error {
	if err := p.process.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		c, err := connect(p.address)
		if err == nil {
			defer c.Close()
			return c.ask(message())
		}
	}
	return fmt.Errorf("%s does not listen on %s", p.name, p.address)
}

func stop(peers []*peer) {
	for _, p := range peers {
		if p.process.Process != nil {
			_ = p.process.Process.Signal(syscall.SIGTERM)
			if p.name == "direct" {
				_ = p.process.Process.Kill()
			}
			_ = p.process.Wait()
		}
	}
}

func (p *peer) measure(span time.Duration) error {
	before := processorTime(p.process.Process.Pid)
	rate, err := throughput(p.address, 8, span)
	if err != nil {
		return err
	}
	p.throughput = append(p.throughput, rate)
	p.processor = append(p.processor, time.Duration(float64(processorTime(p.process.Process.Pid)-before)/(rate*span.Seconds())))
	p.memory = max(p.memory, resident(p.process.Process.Pid))
	sorted, err := latencies(p.address, time.Millisecond, span)
	if err != nil {
		return err
	}
	p.median = append(p.median, quantile(sorted, 0.5))
	p.tail = append(p.tail, quantile(sorted, 0.99))
	return nil
}

// processorTime is what a process has used of the processors.
func processorTime(pid int) time.Duration {
	total := time.Duration(0)
	for _, of := range append(childrenOf(pid), pid) {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", of))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(content), ") ")
		var user, system int64
		fields := strings.Fields(rest)
		_, _ = fmt.Sscan(fields[11], &user)
		_, _ = fmt.Sscan(fields[12], &system)
		total += time.Duration(user+system) * 10 * time.Millisecond
	}
	return total
}

func childrenOf(pid int) []int {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	var all []int
	for f := range strings.FieldsSeq(string(content)) {
		var one int
		_, _ = fmt.Sscan(f, &one)
		all = append(all, one)
	}
	return all
}

// resident is the memory of a process in kilobytes; 0 where nobody knows.
func resident(pid int) int64 {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	var kilobytes int64
	for line := range strings.Lines(string(content)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); err == nil {
			return kilobytes
		}
	}
	return 0
}

func report(peers []*peer, rounds int, span time.Duration) {
	fmt.Printf("%d rounds of %s each, %d processors, %s; medians of the rounds\n", rounds, span, runtime.NumCPU(), runtime.Version())
	fmt.Printf("%-24s %12s %14s %10s %12s %12s %12s %10s\n", "", "requests/s", "of nginx's", "cpu", "p50, 1000/s", "added", "p99", "memory MB")
	var direct, nginx *peer
	for _, p := range peers {
		switch p.name {
		case "direct":
			direct = p
		case "nginx":
			nginx = p
		}
	}
	for _, p := range peers {
		of, added := "-", "-"
		if nginx != nil && p != direct {
			ratios := make([]float64, rounds)
			for i := range ratios {
				ratios[i] = p.throughput[i] / nginx.throughput[i]
			}
			of = fmt.Sprintf("%.2f", median(ratios))
		}
		if p != direct {
			gaps := make([]time.Duration, rounds)
			for i := range gaps {
				gaps[i] = p.median[i] - direct.median[i]
			}
			added = median(gaps).Round(100 * time.Nanosecond).String()
		}
		fmt.Printf("%-24s %12.0f %14s %10s %12s %12s %12s %10d\n", p.name, median(p.throughput), of, median(p.processor).Round(100*time.Nanosecond),
			median(p.median).Round(100*time.Nanosecond), added, median(p.tail).Round(time.Microsecond), p.memory/1024)
	}
}
