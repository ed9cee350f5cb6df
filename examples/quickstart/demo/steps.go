//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names as main.tf declares them: the deployment and the monitor are called as their model.
const (
	modelName = "flight-delay"
	replicas  = 2
)

// stateRefused is a run that a guard holds back.
const stateRefused = "refused"

// step is one of the seven.
type step struct {
	headline string
	play     func(ctx context.Context, d *demo) error
}

var steps = []step{
	{"Declare it: terraform apply trains, validates, registers and serves version 1", declare},
	{"A normal day (6 February 2001): nothing to see, nothing happens", normalDay},
	{"A sensor fault (7 February, distance in kilometres): an alert, and no training on it", sensorFault},
	{"The network grows to the west (12 and 13 February): drift, new data, a candidate that waits", realShift},
	{"A person approves: version 2 takes over under live traffic", approval},
	{"A trainer with a bug: the gate rejects it, the champion stays", buggyTrainer},
	{"Back and forth, and the books: rollback, plan, history, audit", books},
}

// declare applies the quickstart and waits until version 1 is served.
func declare(ctx context.Context, d *demo) error {
	if err := d.apply(ctx, "demo.tfvars"); err != nil {
		return err
	}
	if err := d.awaitServed(ctx, 1); err != nil {
		return err
	}
	output, err := d.quiet(ctx, d.terraform, "output", "-raw", "endpoint_url")
	if err != nil {
		return err
	}
	d.endpoint = strings.TrimSpace(string(output))
	if !strings.HasSuffix(d.endpoint, "/score") {
		d.endpoint += "/score"
	}
	if d.cluster != nil {
		if d.endpoint, err = d.cluster.address(ctx, d.endpoint); err != nil {
			return err
		}
	}
	return d.mlops(ctx, "status")
}

// normalDay replays an ordinary day of the same network.
func normalDay(ctx context.Context, d *demo) error {
	before, err := d.runs(ctx)
	if err != nil {
		return err
	}
	if _, err := d.day(ctx, "normal", february(6), "stable"); err != nil {
		return err
	}
	return d.noNewRun(ctx, before)
}

// sensorFault replays an ordinary day whose distances arrive in another unit.
func sensorFault(ctx context.Context, d *demo) error {
	before, err := d.runs(ctx)
	if err != nil {
		return err
	}
	report, err := d.day(ctx, "fault", february(7), "data_quality", "--kilometres")
	if err != nil {
		return err
	}
	named := false
	for _, fault := range report.Quality {
		named = named || fault.Feature == "distance_miles" && fault.Rule == "unit"
	}
	if !named {
		return fmt.Errorf("the report does not name the unit of distance_miles: %+v", report.Quality)
	}
	if err := d.awaitNotified(ctx, "data_quality", 1); err != nil {
		return err
	}
	refused, err := d.awaitRun(ctx, "drift", stateRefused)
	if err != nil {
		return err
	}
	fmt.Printf("     why nothing is trained (guard %s): %s\n", refused.Guard, refused.Reason)
	return d.noNewRun(ctx, before)
}

// realShift replays two days of the grown network and then the rest of four weeks, makes a dataset version of that traffic and
// the labels that came for it, and waits for the candidate.
func realShift(ctx context.Context, d *demo) error {
	if _, err := d.day(ctx, "shift-1", february(12), "covariate", "--feedback"); err != nil {
		return err
	}
	report, err := d.day(ctx, "shift-2", february(13), "covariate", "--feedback")
	if err != nil {
		return err
	}
	d.report = filepath.Join(d.project, "reports", modelName, report.WindowEnd.UTC().Format("2006/01/02/20060102T150405Z")+".html")
	if err := d.awaitNotified(ctx, "drift", 1); err != nil {
		return err
	}
	if _, err := d.awaitRun(ctx, "drift", "waiting_for_data"); err != nil {
		return err
	}
	fmt.Println("     Four weeks go by. The flights land, and what happened to each comes back as feedback.")
	if err := d.labelled(ctx, "2001-02.csv", february(14)); err != nil {
		return err
	}
	arguments := []string{"dataset", "from-records", "flights", "--deployment", modelName, "--from", "2001-02-12", "--minimum-rows", "5000"}
	if err := d.mlops(ctx, arguments...); err != nil {
		return err
	}
	run, err := d.awaitRun(ctx, "drift", "awaiting_approval")
	if err != nil {
		return err
	}
	return d.mlops(ctx, "runs", "show", run.ID)
}

// approval approves the candidate while requests come in, and counts those that fail.
func approval(ctx context.Context, d *demo) error {
	run, err := d.awaitRun(ctx, "drift", "awaiting_approval")
	if err != nil {
		return err
	}
	traffic, err := d.startTraffic(ctx, "live")
	if err != nil {
		return err
	}
	if err := d.mlops(ctx, "approve", run.ID, "--reason", "beats version 1 on the grown network"); err != nil {
		return errors.Join(err, traffic.discard())
	}
	if err := d.awaitServed(ctx, 2); err != nil {
		return errors.Join(err, traffic.discard())
	}
	sent, err := traffic.stop()
	if err != nil {
		return err
	}
	fmt.Printf("     %d requests during the promotion, %d failed; answered by version: %v\n", sent.Requests, sent.Failed, sent.Versions)
	if sent.Failed > 0 || sent.Versions["2"] == 0 {
		return fmt.Errorf("want no failure, and answers by version 2: %+v", sent)
	}
	return nil
}

// buggyTrainer releases a trainer that shuffles a column, and then takes the release back.
func buggyTrainer(ctx context.Context, d *demo) error {
	if err := d.apply(ctx, "demo.tfvars", "buggy.tfvars"); err != nil {
		return err
	}
	run, err := d.awaitRun(ctx, "code", "rejected")
	if err != nil {
		return err
	}
	if err := d.mlops(ctx, "runs", "show", run.ID); err != nil {
		return err
	}
	if err := d.awaitNotified(ctx, "rejected", 1); err != nil {
		return err
	}
	if err := d.awaitServed(ctx, 2); err != nil {
		return err
	}
	fmt.Println("     The release is taken back: the configuration is as committed again.")
	if err := d.apply(ctx, "demo.tfvars"); err != nil {
		return err
	}
	return d.await(ctx, "no run is under way", func(ctx context.Context) (bool, string, error) {
		runs, err := d.runs(ctx)
		for _, r := range runs {
			if !r.settled() {
				return false, r.ID + " is " + r.State, err
			}
		}
		return true, "", err
	})
}

// books goes back to version 1 and forward again, and shows that nothing is left to plan and nothing is missing.
func books(ctx context.Context, d *demo) error {
	for _, version := range []int64{1, 2} {
		reason := map[int64]string{1: "showing the way back", 2: "and forward again"}[version]
		if err := d.mlops(ctx, "rollback", modelName, "--to", strconv.FormatInt(version, 10), "--reason", reason); err != nil {
			return err
		}
		if err := d.awaitServed(ctx, version); err != nil {
			return err
		}
	}
	err := d.terraformShown(ctx, []string{"plan", "-detailed-exitcode", "-no-color", "-input=false", "-compact-warnings", "-var-file=demo.tfvars"})
	if exitCode(err) == 2 {
		return fmt.Errorf("the plan is not empty after two promotions and a rollback: %w", err)
	}
	if err != nil {
		return err
	}
	if err := d.mlops(ctx, "model", "history", modelName); err != nil {
		return err
	}
	return d.mlops(ctx, "audit", "verify")
}

// day replays the flights of a day and judges it once all of them are in the records; another verdict is an error.
func (d *demo) day(ctx context.Context, file string, date time.Time, verdict string, flags ...string) (reportView, error) {
	from, to := date.Format(time.RFC3339), date.AddDate(0, 0, 1).Format(time.RFC3339)
	arguments := append([]string{"replay", "--file", filepath.Join("data", "days", file+".csv"), "--url", d.endpoint}, flags...)
	output, err := d.replay(ctx, arguments)
	if err != nil {
		return reportView{}, err
	}
	var sent replayView
	if err := json.Unmarshal(output, &sent); err != nil {
		return reportView{}, fmt.Errorf("flight-delay replay: %w", err)
	}
	fmt.Printf("     %d flights in %d requests, %.1f s, %d failed\n", sent.Rows, sent.Requests, sent.Seconds, sent.Failed)
	err = d.await(ctx, "every one of them is recorded", func(ctx context.Context) (bool, string, error) {
		var count countView
		err := d.query(ctx, &count, "records", "count", "--deployment", modelName, "--from", from, "--to", to)
		return count.Rows == sent.Rows, fmt.Sprintf("%d of %d rows", count.Rows, sent.Rows), err
	})
	if err != nil {
		return reportView{}, err
	}
	judge := []string{"drift", "run", modelName, "--window-end", to}
	fmt.Printf("   %s\n", grey("$ "+commandLine("mlops", judge)))
	var reports []reportView
	if err := d.query(ctx, &reports, judge...); err != nil {
		return reportView{}, err
	}
	if len(reports) != 1 || reports[0].Verdict != verdict {
		return reportView{}, fmt.Errorf("want one report with the verdict %s: %+v", verdict, reports)
	}
	fmt.Printf("     verdict %s: %s\n", bold(verdict), reports[0].Summary)
	return reports[0], nil
}

// replay plays the application that asks for scores, and returns what it printed.
func (d *demo) replay(ctx context.Context, arguments []string) ([]byte, error) {
	fmt.Printf("   %s\n", grey("$ "+commandLine("flight-delay", arguments)))
	if d.cluster != nil {
		return d.cluster.replay(ctx, arguments)
	}
	return d.quiet(ctx, "flight-delay", arguments...)
}

// labelled replays a file from a day on with its labels, and waits until all of both is in the store.
func (d *demo) labelled(ctx context.Context, file string, since time.Time) error {
	from := since.Format(time.RFC3339)
	arguments := []string{"replay", "--file", filepath.Join("data", file), "--url", d.endpoint, "--since", from, "--batch", "100", "--feedback"}
	output, err := d.replay(ctx, arguments)
	if err != nil {
		return err
	}
	var sent replayView
	if err := json.Unmarshal(output, &sent); err != nil {
		return fmt.Errorf("flight-delay replay: %w", err)
	}
	fmt.Printf("     %d flights in %d requests and %d labels, %.1f s\n", sent.Rows, sent.Requests, sent.Labels, sent.Seconds)
	return d.await(ctx, "every flight is recorded with its label", func(ctx context.Context) (bool, string, error) {
		var joined struct {
			Records struct {
				Requests int `json:"requests"`
				Labelled int `json:"labelled_rows"`
			} `json:"records"`
		}
		err := d.query(ctx, &joined, "dataset", "from-records", "flights", "--deployment", modelName, "--from", from, "--dry-run")
		return joined.Records.Labelled == sent.Rows, fmt.Sprintf("%d of %d", joined.Records.Labelled, sent.Rows), err
	})
}

// february is midnight UTC of a day.
func february(day int) time.Time { return time.Date(2001, time.February, day, 0, 0, 0, 0, time.UTC) }

// awaitServed waits until a version is champion and all replicas serve it.
func (d *demo) awaitServed(ctx context.Context, version int64) error {
	return d.await(ctx, fmt.Sprintf("version %d is champion, served by %d replicas", version, replicas), func(ctx context.Context) (bool, string, error) {
		var s statusView
		err := d.query(ctx, &s, "status")
		m := s.model()
		return m.champion() == version && m.serves(version, replicas), m.words(), err
	})
}

// awaitRun waits until the newest run of a cause is in a state. A run that ended otherwise ends the wait; one that a guard
// holds back may still start, and is looked at only by those who want to see it refused.
func (d *demo) awaitRun(ctx context.Context, cause, state string) (runView, error) {
	var found runView
	err := d.await(ctx, fmt.Sprintf("a run (cause: %s) is %s", cause, state), func(ctx context.Context) (bool, string, error) {
		runs, err := d.runs(ctx)
		at := slices.IndexFunc(runs, func(r runView) bool {
			return r.hasCause(cause) && (r.State == stateRefused) == (state == stateRefused)
		})
		if err != nil || at < 0 {
			return false, "no such run", err
		}
		if found = runs[at]; found.State != state && found.settled() {
			err = hopeless{fmt.Errorf("run %s is %s: see mlops runs show %s", found.ID, found.State, found.ID)}
		}
		return found.State == state, found.State, err
	})
	return found, err
}

// awaitNotified waits until the owners have exactly `count` messages of a topic.
func (d *demo) awaitNotified(ctx context.Context, topic string, count int) error {
	var last notificationView
	err := d.await(ctx, fmt.Sprintf("one message to the owners (%s)", topic), func(ctx context.Context) (bool, string, error) {
		if d.cluster != nil {
			if err := d.cluster.fetch(ctx, d); err != nil {
				return false, "", err
			}
		}
		n, found, err := d.notified(topic)
		last = found
		if n > count {
			err = hopeless{fmt.Errorf("%d messages, want %d", n, count)}
		}
		return n == count, fmt.Sprintf("%d messages", n), err
	})
	if err == nil {
		fmt.Printf("     to %s: %s\n", strings.Join(last.Receivers, ", "), last.Summary)
	}
	return err
}

// noNewRun checks that no run was started since: what a guard has refused does not count.
func (d *demo) noNewRun(ctx context.Context, before []runView) error {
	after, err := d.runs(ctx)
	if err != nil {
		return err
	}
	for _, r := range after {
		known := slices.ContainsFunc(before, func(old runView) bool { return old.ID == r.ID })
		if !known && r.State != stateRefused {
			return fmt.Errorf("run %s was started (%s): nothing should be", r.ID, r.State)
		}
	}
	fmt.Printf("   %s no training run was started\n", green("✓"))
	return nil
}

// traffic is a replay in the background that starts over until it is stopped.
type traffic struct {
	until string
	done  chan error
	sent  replayView
	pod   *replaying // in a cluster
}

// startTraffic begins to replay a day at a steady rate.
func (d *demo) startTraffic(ctx context.Context, file string) (*traffic, error) {
	t := &traffic{until: filepath.Join(filepath.Dir(d.work), "stop-traffic"), done: make(chan error, 1)}
	arguments := []string{"replay", "--file", filepath.Join("data", "days", file+".csv"), "--url", d.endpoint, "--rate", "100", "--until", t.until}
	fmt.Printf("   %s\n", grey("$ "+commandLine("flight-delay", arguments)+" &"))
	if d.cluster != nil {
		var err error
		t.pod, err = d.cluster.pods.start(ctx, inImage(arguments))
		return t, err
	}
	background := *d // numbers its own log
	background.commands += 500
	go func() {
		output, err := background.quiet(ctx, "flight-delay", arguments...)
		if decodeErr := json.Unmarshal(output, &t.sent); decodeErr != nil && err == nil {
			err = decodeErr
		}
		t.done <- err
	}()
	return t, nil
}

// stop ends the traffic and returns what became of it.
func (t *traffic) stop() (replayView, error) {
	if t.pod != nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		said, err := t.pod.stop(ctx)
		// A pod's log is both of its outputs: what went wrong stands behind the tally.
		if decodeErr := json.NewDecoder(bytes.NewReader(said)).Decode(&t.sent); decodeErr != nil && err == nil {
			err = fmt.Errorf("the replay's pod: %w: %.300q", decodeErr, said)
		}
		return t.sent, err
	}
	if err := os.WriteFile(t.until, nil, 0o644); err != nil {
		return replayView{}, err
	}
	err := <-t.done
	return t.sent, err
}

// discard ends the traffic of a step that has failed.
func (t *traffic) discard() error {
	_, err := t.stop()
	return err
}
