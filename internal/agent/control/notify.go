package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// delivery is how far a notification is: done, or to be tried again.
type delivery struct {
	done  bool
	pass  int64     // in which it was last asked for
	after time.Time // of the next try
	wait  time.Duration
}

// Spans between tries of a notification that a receiver did not take.
const (
	firstRetry = 30 * time.Second
	lastRetry  = time.Hour
)

// notify tells owners once for each key, in this life of the controller and, by the record in the store, in every other.
func (c *Controller) notify(ctx context.Context, notification mlops.Notification, own []mlops.Role, also string) error {
	tried := c.notified[notification.Key]
	tried.pass = c.passes
	c.notified[notification.Key] = tried
	now := c.project.Now()
	declared := c.specs.project()
	if tried.done || now.Before(tried.after) || declared == nil {
		return nil
	}
	owners := declared.Receivers(notification.Topic, own)
	if also != "" && !slices.ContainsFunc(owners, func(o mlops.Owner) bool { return o.Email == also }) {
		owners = append(slices.Clone(owners), mlops.Owner{Email: also})
	}
	sent, err := c.project.Notify(ctx, notification, owners)
	if err != nil {
		wait := min(max(firstRetry, 2*tried.wait), lastRetry)
		c.notified[notification.Key] = delivery{pass: c.passes, after: now.Add(wait), wait: wait}
		return err
	}
	c.notified[notification.Key] = delivery{pass: c.passes, done: true}
	if sent {
		c.log.Info("notified", "key", notification.Key, "topic", notification.Topic)
	}
	return nil
}

// forgetNotified drops what nobody asks for any more: runs and episodes that their logs' states have forgotten. Were one
// asked for again, the record in the store would know it.
func (c *Controller) forgetNotified() {
	maps.DeleteFunc(c.notified, func(_ string, told delivery) bool { return told.pass != c.passes })
}

// about says which states of a run owners hear of. Each is one that a run rests in, so none is missed by a controller that
// was away when it came.
var about = map[mlops.RunState]struct {
	topic    mlops.Topic
	severity int64
	text     string
}{
	mlops.RunAwaitingApproval: {mlops.TopicApproval, 3, "waits for approval"},
	mlops.RunRejected:         {mlops.TopicRejected, 3, "was rejected"},
	mlops.RunFailed:           {mlops.TopicFailed, 2, "failed"},
	mlops.RunExpired:          {mlops.TopicFailed, 3, "expired"},
	mlops.RunRolledBack:       {mlops.TopicFailed, 1, "was rolled back"},
	mlops.RunPromoted:         {mlops.TopicPromoted, 4, "was promoted"},
}

// logKey names an event in a notification's key: logs and monitors may share a name.
func logKey(log eventlog.Log, sequence int64) string {
	return fmt.Sprintf("%s/%012d", log.Prefix, sequence)
}

func (c *Controller) notifyModel(ctx context.Context, memory *modelMemory) error {
	var faults []error
	for _, run := range memory.state.Runs {
		what, some := about[run.State]
		if !some {
			continue
		}
		summary := fmt.Sprintf("model %q: run %s %s", memory.state.Model, run.ID, what.text)
		if run.Version > 0 {
			summary = fmt.Sprintf("model %q: version %d %s (run %s)", memory.state.Model, run.Version, what.text, run.ID)
		}
		faults = append(faults, c.notify(ctx, mlops.Notification{
			Key: logKey(c.project.ModelLog(memory.state.Model), run.Sequence), Topic: what.topic, Severity: what.severity,
			Subject: string(mlops.KindModel) + "/" + memory.state.Model, Summary: summary, Detail: run.Reason,
		}, nil, c.ownerOf(memory.state.Model)))
	}
	return errors.Join(faults...)
}

func (c *Controller) ownerOf(model string) string {
	declared, _, err := spec[mlops.Model](&c.specs, mlops.KindModel, model)
	if err != nil || declared == nil {
		return ""
	}
	return declared.Owner
}

// notifyParked tells once that a model is left alone.
func (c *Controller) notifyParked(ctx context.Context, memory *modelMemory) error {
	return c.notify(ctx, mlops.Notification{
		Key: logKey(c.project.ModelLog(memory.state.Model), memory.state.Sequence+1) + "-parked", Topic: mlops.TopicQuarantined, Severity: 1,
		Subject: string(mlops.KindModel) + "/" + memory.state.Model,
		Summary: fmt.Sprintf("model %q is left alone: its log cannot be read past event %d", memory.state.Model, memory.state.Sequence),
		Detail:  memory.state.Parked,
	}, nil, "")
}

// notifyMonitors tells of episodes that open and close.
func (c *Controller) notifyMonitors(ctx context.Context) error {
	var faults []error
	for _, name := range sortedNames(c.monitors) {
		memory := c.monitors[name]
		log := c.project.MonitorLog(name)
		notification := mlops.Notification{Subject: string(mlops.KindDriftMonitor) + "/" + name}
		if memory.state.Parked != "" {
			notification.Key, notification.Topic, notification.Severity = logKey(log, memory.state.Sequence+1)+"-parked", mlops.TopicQuarantined, 1
			notification.Summary = fmt.Sprintf("drift monitor %q is left alone: its log cannot be read past event %d", name, memory.state.Sequence)
			notification.Detail = memory.state.Parked
			faults = append(faults, c.notify(ctx, notification, nil, ""))
		}
		for _, episode := range memory.state.Episodes {
			notification.Topic, notification.Severity = mlops.TopicDrift, memory.spec.Alert.Severity
			if episode.Verdict == mlops.VerdictDataQuality {
				notification.Topic = mlops.TopicDataQuality
			}
			notification.Key, notification.Detail = logKey(log, episode.Sequence), episode.Report
			notification.Summary = fmt.Sprintf("drift monitor %q: %s: %s", name, episode.Verdict, episode.Summary)
			faults = append(faults, c.notify(ctx, notification, memory.spec.Alert.Notify, memory.spec.Owner))
			if episode.Closed.IsZero() {
				continue
			}
			notification.Key, notification.Severity = logKey(log, episode.ClosedSequence), 4
			notification.Summary = fmt.Sprintf("drift monitor %q: the episode %s is over", name, episode.ID)
			faults = append(faults, c.notify(ctx, notification, memory.spec.Alert.Notify, memory.spec.Owner))
		}
	}
	return errors.Join(faults...)
}
