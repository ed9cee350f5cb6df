package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect"
)

// logged is what a collector says of its log.
type logged struct {
	records float64 // that were ever written
	waiting float64 // bytes
	waitFor float64 // records that wait
}

// bytesEach is the size of a record in the log.
func (l logged) bytesEach() float64 { return l.waiting / max(1, l.waitFor) }

func readLogged(address string) (logged, error) {
	response, err := http.Get("http://" + address + collect.MetricsPath)
	if err != nil {
		return logged{}, err
	}
	defer response.Body.Close()
	var read logged
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		value, _ := strconv.ParseFloat(text, 64) // comments are of no name below
		switch name {
		case "mlops_collect_records_total":
			read.records = value
		case "mlops_collect_backlog_bytes":
			read.waiting = value
		case "mlops_collect_backlog_records":
			read.waitFor = value
		}
	}
	return read, lines.Err()
}

// measureDrain fills a log while its store refuses, ships it while requests come as fast as they can, and then, told to stop,
// ships the rest with nothing else to do.
func measureDrain(span time.Duration) (err error) {
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
	one, err := startStored("drain", filepath.Join(folder, "drain"), model.address, faultRefuse)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, one.end()) }()
	if _, err := throughput(one.address, 8, 2*span); err != nil {
		return err
	}
	if err := os.Remove(faultFile(one.folder)); err != nil {
		return err
	}
	before, err := readLogged(one.address)
	if err != nil {
		return err
	}
	begun := time.Now()
	rate, err := throughput(one.address, 8, span)
	if err != nil {
		return err
	}
	after, err := readLogged(one.address)
	if err != nil {
		return err
	}
	took := time.Since(begun).Seconds()
	shipped := (after.records - before.records) - (after.waitFor - before.waitFor)
	used, begun := processorTime(one.process.Process.Pid), time.Now()
	if err := one.end(); err != nil {
		return err
	}
	drained := time.Since(begun).Seconds()
	work := (one.process.ProcessState.UserTime() + one.process.ProcessState.SystemTime() - used).Seconds()
	fmt.Printf("\nA log of %.0f MB behind a store that is well again, %d processors, %s\n", before.waiting/1e6, runtime.NumCPU(), runtime.Version())
	fmt.Printf("  beside %.0f requests/s (%.0f MB/s logged): %.0f records/s shipped, so many for ever\n", rate, rate*after.bytesEach()/1e6, shipped/took)
	fmt.Printf("  by itself: %.0f MB in %.1f s, %.0f MB/s; %.1f s of a processor, %.0f MB/s a core\n", after.waiting/1e6, drained, after.waiting/1e6/drained, work, after.waiting/1e6/work)
	return nil
}
