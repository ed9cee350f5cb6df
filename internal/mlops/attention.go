package mlops

import "time"

// What waits for somebody is told to machines as one gauge, so that whatever watches it need not know why: control decides,
// others notify. A series is 1 while it waits and 0 while it does not.
const (
	// MetricAttention has the labels below.
	MetricAttention = "mlops_attention"
	// MetricControl is 1 each time the controller speaks: where it is missing, so is the controller.
	MetricControl = "mlops_control"
)

// Labels of MetricAttention, and those that whoever sends measurements of several projects to one place adds to all.
const (
	LabelTopic   = "topic"
	LabelObject  = "object" // "drift_monitors/delay"
	LabelProject = "project"
	LabelPlace   = "place" // PlaceMark: two projects may share a name
)

// Custom properties of alert rules over these gauges: who takes an alert knows by them whose it is, and about what.
const (
	AlertPropertyProject = "mlops_project"
	AlertPropertySignal  = "mlops_signal"
)

// TopicOverdue is a drift monitor that has judged no window for OverdueIntervals of its schedule. Nobody is notified of it
// by the controller; it is attention alone.
const TopicOverdue Topic = "overdue"

// OverdueIntervals of silence are too many.
const OverdueIntervals = 3

// MeasureEvery is how often the controller says its measurements again where nothing has changed: a reader that looks back
// a quarter of an hour sees each several times.
const MeasureEvery = 2 * time.Minute

// Attention is one series of MetricAttention.
func Attention(topic Topic, kind Kind, name string, waits bool, at time.Time) Measurement {
	value := 0.0
	if waits {
		value = 1
	}
	return Measurement{Name: MetricAttention, Labels: map[string]string{LabelTopic: string(topic), LabelObject: string(kind) + "/" + name}, Value: value, Time: at}
}

// ModelAttention is what of a model waits for somebody: a candidate for approval, and a last run that failed or was
// rejected, until a later one does better.
func ModelAttention(state State, at time.Time) []Measurement {
	waits, last := false, RunState("")
	for _, run := range state.Runs {
		waits = waits || run.State == RunAwaitingApproval
		switch run.State {
		case RunFailed, RunExpired, RunRolledBack, RunRejected, RunPromoted:
			last = run.State
		}
	}
	failed := last == RunFailed || last == RunExpired || last == RunRolledBack
	return []Measurement{
		Attention(TopicApproval, KindModel, state.Model, waits, at),
		Attention(TopicRejected, KindModel, state.Model, last == RunRejected, at),
		Attention(TopicFailed, KindModel, state.Model, failed, at),
		Attention(TopicQuarantined, KindModel, state.Model, state.Parked != "", at),
	}
}

// MonitorAttention is what of a drift monitor waits for somebody: an episode that nobody has accepted, and silence. since is
// when the monitor was declared.
func MonitorAttention(monitor DriftMonitor, state MonitorState, since, at time.Time) []Measurement {
	drift, quality := false, false
	for _, episode := range state.Open() {
		if episode.Accepted {
			continue
		}
		quality = quality || episode.Verdict == VerdictDataQuality
		drift = drift || episode.Verdict != VerdictDataQuality
	}
	return []Measurement{
		Attention(TopicDrift, KindDriftMonitor, monitor.Name, drift, at),
		Attention(TopicDataQuality, KindDriftMonitor, monitor.Name, quality, at),
		Attention(TopicOverdue, KindDriftMonitor, monitor.Name, monitor.Overdue(state, since, at), at),
		Attention(TopicQuarantined, KindDriftMonitor, monitor.Name, state.Parked != "", at),
	}
}

// Overdue says whether the monitor has judged nothing for OverdueIntervals slots of its schedule.
func (m DriftMonitor) Overdue(state MonitorState, since, now time.Time) bool {
	schedule, err := ParseSchedule(m.Schedule, m.TimeZone)
	if err != nil {
		return false
	}
	for _, window := range state.Windows {
		if window.Judged.After(since) {
			since = window.Judged
		}
	}
	slot := since
	for range OverdueIntervals + 1 { // the last of them has a whole interval to be judged in
		if slot = schedule.Next(slot); slot.IsZero() {
			return false
		}
	}
	return !since.IsZero() && !slot.After(now)
}

// What a collector says of its own deployment, each with the label "deployment": over the span since it spoke last.
const (
	MetricRequests        = "mlops_requests"
	MetricRequestFailures = "mlops_request_failures"
	MetricRequestP95      = "mlops_request_p95_seconds"
)
