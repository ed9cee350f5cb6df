package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// States of a store beside a time that each call takes.
const (
	faultRefuse = "refuse" // it says no at once
	faultAbsent = "absent" // nobody answers, until the caller gives up
)

// absentFor is when a caller of an absent store gives up.
const absentFor = 5 * time.Second

var errRefused = errors.New("the store refuses")

// failing is a store that does so as long as a file is there.
type failing struct {
	platform.Store
	fault string
	file  string
}

// suffering says whether the store is not well now.
func (f *failing) suffering() bool {
	_, gone := os.Stat(f.file)
	return gone == nil
}

func (f *failing) suffer(ctx context.Context) error {
	if !f.suffering() {
		return nil
	}
	wait, err := time.ParseDuration(f.fault)
	switch {
	case f.fault == faultRefuse:
		return errRefused
	case f.fault == faultAbsent:
		wait, err = absentFor, context.DeadlineExceeded
	case err != nil:
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return err
	}
}

// Read implements platform.Store.
func (f *failing) Read(ctx context.Context, key string) ([]byte, error) {
	if err := f.suffer(ctx); err != nil {
		return nil, err
	}
	return f.Store.Read(ctx, key)
}

// Create implements platform.Store.
func (f *failing) Create(ctx context.Context, key string, data []byte) error {
	if err := f.suffer(ctx); err != nil {
		return err
	}
	return f.Store.Create(ctx, key, data)
}

// List implements platform.Store.
func (f *failing) List(ctx context.Context, prefix, after string, limit int) ([]platform.Entry, error) {
	if err := f.suffer(ctx); err != nil {
		return nil, err
	}
	return f.Store.List(ctx, prefix, after, limit)
}

// serveCollector collects until SIGTERM.
func serveCollector(folder, listen, target, fault string) error {
	on, err := local.Open(filepath.Join(folder, "project"))
	if err != nil {
		return err
	}
	debug.SetGCPercent(collect.GarbagePercent)
	collector, err := collect.New(collect.Options{
		Store:      &failing{Store: on.Store, fault: fault, file: faultFile(folder)},
		Deployment: "bench", Target: "http://" + target, WAL: filepath.Join(folder, "wal"), ScorePath: "/score", SamplingPercentage: 100, Grace: time.Minute,
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	return collector.Run(ctx, listener)
}

func faultFile(folder string) string { return filepath.Join(folder, "fault") }

// stored is one collector and its store.
type stored struct {
	peer
	folder string
	asked  int // requests that were answered whole
	first  int64
}

func measureStores(rounds int, span time.Duration) error {
	folder, err := os.MkdirTemp("", "collectbench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	model, err := startModel()
	if err != nil {
		return err
	}
	defer stop([]*peer{model})
	var all []*stored
	defer func() {
		for _, one := range all {
			_ = one.end()
		}
	}()
	for _, state := range []struct{ name, fault string }{
		{"well", "0s"}, {"well again", "0s"}, {"100 ms a call", "100ms"}, {"10 s a call", "10s"}, {"refusing", faultRefuse}, {"absent", faultAbsent},
	} {
		one, err := startStored(state.name, filepath.Join(folder, strconv.Itoa(len(all))), model.address, state.fault)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	begun := time.Now()
	for range rounds {
		for _, one := range all {
			if err := one.load(span); err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
		}
	}
	fmt.Printf("%d rounds of %s each at 1000 requests/s; each store was in its state for %s; medians of the rounds\n", rounds, span, time.Since(begun).Round(time.Second))
	fmt.Printf("%-16s %10s %10s %22s %12s %12s %9s %8s %5s %7s\n", "store", "p50", "p99", "p99 of the well one's", "memory MB", "in round 1", "answered", "records", "lost", "twice")
	for _, one := range all {
		if err := one.finish(all[0]); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}

func startStored(name, folder, target, fault string) (*stored, error) {
	own, err := self()
	if err != nil {
		return nil, err
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	one := &stored{folder: folder, peer: peer{name: name, address: listen, process: exec.Command(own, "-collector", folder, "-listen", listen, "-target", target, "-fault", fault)}}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	if err := one.begin(); err != nil {
		return nil, err
	}
	one.asked = 1 // by begin
	return one, os.WriteFile(faultFile(folder), nil, 0o600)
}

func (s *stored) load(span time.Duration) error {
	sorted, err := latencies(s.address, time.Millisecond, span, func(n int) []byte { return message(s.name + "-" + strconv.Itoa(s.asked+n)) })
	if err != nil {
		return err
	}
	s.asked += len(sorted)
	s.median, s.tail = append(s.median, quantile(sorted, 0.5)), append(s.tail, quantile(sorted, 0.99))
	if s.first == 0 {
		s.first = resident(s.process.Process.Pid, "VmRSS")
	}
	return nil
}

// finish makes the store well, ends the collector and counts what is there.
func (s *stored) finish(well *stored) error {
	s.memory = resident(s.process.Process.Pid, "VmHWM")
	if err := os.Remove(faultFile(s.folder)); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	on, err := local.Open(filepath.Join(s.folder, "project"))
	if err != nil {
		return err
	}
	times := map[string]int{}
	broken, err := record.Scan(context.Background(), on.Store, "bench", time.Time{}, time.Time{}, func(r record.Record) error {
		times[r.CorrelationID]++
		return nil
	})
	if err = errors.Join(err, broken.Err()); err != nil {
		return err
	}
	records, lost, twice := 0, 0, 0
	for n := range s.asked {
		switch count := times[strings.ReplaceAll(s.name, " ", "_")+"-"+strconv.Itoa(n)]; {
		case count == 0:
			lost++
		case count > 1:
			twice++
		}
	}
	for _, count := range times {
		records += count
	}
	ratios := make([]float64, len(s.tail))
	for i := range ratios {
		ratios[i] = float64(s.tail[i]) / float64(well.tail[i])
	}
	slices.Sort(ratios)
	fmt.Printf("%-16s %10s %10s %22s %12d %12d %9d %8d %5d %7d\n", s.name, median(s.median).Round(time.Microsecond), median(s.tail).Round(time.Microsecond),
		fmt.Sprintf("%.2f (%.2f to %.2f)", median(ratios), quantile(ratios, 0.25), quantile(ratios, 0.75)), s.memory/1024, s.first/1024, s.asked, records, lost, twice)
	return nil
}
