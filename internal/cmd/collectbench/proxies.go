package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

//go:embed nginx.conf
var nginxConfiguration string

// Names of peers that others are compared with.
const (
	nameDirect = "direct"
	nameNginx  = "nginx"
)

func measureProxies(mlops, only string, rounds int, span time.Duration) error {
	folder, err := os.MkdirTemp("", "collectbench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	peers, err := startProxies(mlops, only, folder)
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

func startModel() (*peer, error) {
	own, err := self()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	model := &peer{name: nameDirect, address: address, process: exec.Command(own, "-model", address)}
	return model, model.begin()
}

// startProxies starts the model and everything that stands before it. nginx and the collector stand there twice, to show by how
// much two that are the same differ.
func startProxies(mlops, only, folder string) ([]*peer, error) {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	model, err := startModel()
	peers := []*peer{model}
	if err != nil {
		return peers, err
	}
	begin := func(p *peer) error {
		peers = append(peers, p)
		return p.begin()
	}
	for _, name := range []string{nameNginx, nameNginx + " again"} {
		nginx, err := newNginx(name, filepath.Join(folder, strings.ReplaceAll(name, " ", "")), model.address)
		if err != nil {
			fmt.Println("without nginx:", err)
			break
		}
		if err := begin(nginx); err != nil {
			return peers, err
		}
	}
	for _, ours := range []struct {
		name  string
		flags []string
	}{
		{"collector", nil}, {"collector again", nil}, {"collector, redacting", []string{"--redact", "feature_07"}},
		{"collector, sync always", []string{"--sync", "always"}},
	} {
		if !wanted.MatchString(ours.name) {
			continue
		}
		listen, err := freeAddress()
		if err != nil {
			return peers, err
		}
		arguments := append([]string{
			"collect", "--project", "file:" + filepath.Join(folder, strings.ReplaceAll(ours.name, " ", "")), "--deployment", "bench", "--score-path", "/score",
			"--listen", listen, "--target", "http://" + model.address,
		}, ours.flags...)
		if err := begin(&peer{name: ours.name, address: listen, process: exec.Command(mlops, arguments...)}); err != nil {
			return peers, err
		}
	}
	return peers, nil
}

// newNginx is the peer where it is installed.
func newNginx(name, folder, model string) (*peer, error) {
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
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, []byte(configuration), 0o600); err != nil {
		return nil, err
	}
	return &peer{name: name, address: listen, process: exec.Command(binary, "-c", path, "-p", folder)}, nil
}

func (p *peer) measure(span time.Duration) error {
	before := processorTime(p.process.Process.Pid)
	rate, err := throughput(p.address, 8, span)
	if err != nil {
		return err
	}
	p.throughput = append(p.throughput, rate)
	p.processor = append(p.processor, time.Duration(float64(processorTime(p.process.Process.Pid)-before)/(rate*span.Seconds())))
	p.memory = max(p.memory, resident(p.process.Process.Pid, "VmHWM"))
	sorted, err := latencies(p.address, time.Millisecond, span, func(int) []byte { return message("") })
	if err != nil {
		return err
	}
	p.median = append(p.median, quantile(sorted, 0.5))
	p.tail = append(p.tail, quantile(sorted, 0.99))
	return nil
}

func report(peers []*peer, rounds int, span time.Duration) {
	fmt.Printf("%d rounds of %s each, %d processors, %s; medians of the rounds, ratios within each round (least and greatest)\n", rounds, span, runtime.NumCPU(), runtime.Version())
	fmt.Printf("%-24s %11s %19s %10s %12s %9s %10s %10s\n", "", "requests/s", "of nginx's", "processor", "p50, 1000/s", "added", "p99", "memory MB")
	var direct, nginx *peer
	for _, p := range peers {
		switch p.name {
		case nameDirect:
			direct = p
		case nameNginx:
			nginx = p
		}
	}
	for _, p := range peers {
		of, added := "-", "-"
		if nginx != nil && p != direct && p != nginx {
			ratios := make([]float64, rounds)
			for i := range ratios {
				ratios[i] = p.throughput[i] / nginx.throughput[i]
			}
			of = fmt.Sprintf("%.2f (%.2f to %.2f)", median(ratios), quantile(sorted(ratios), 0), quantile(sorted(ratios), 1))
		}
		if p != direct {
			gaps := make([]time.Duration, rounds)
			for i := range gaps {
				gaps[i] = p.median[i] - direct.median[i]
			}
			added = median(gaps).Round(100 * time.Nanosecond).String()
		}
		fmt.Printf("%-24s %11.0f %19s %10s %12s %9s %10s %10d\n", p.name, median(p.throughput), of, median(p.processor).Round(100*time.Nanosecond),
			median(p.median).Round(100*time.Nanosecond), added, median(p.tail).Round(time.Microsecond), p.memory/1024)
	}
}
