package study

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Of a monitor that looks every five minutes at a sliding day for thirty days.
const (
	monitoredDays = 30
	looksPerDay   = 24 * 60 / 5
	// gridLooks is how far looks that are always judged lie apart: twelve hours. An episode of drift takes two windows that
	// share less than half of their time, so that more than twelve hours lie between them, and every look between must agree;
	// one that is not seen on the grid cannot be. Around a look on the grid that is not stable, every look is judged.
	gridLooks = looksPerDay / 2
)

// slidingDays counts monitors that open an episode though nothing changes.
func slidingDays(rowsPerDay int) Experiment {
	laws := Listed()
	experiment := Experiment{Name: fmt.Sprintf("monitor-%d", rowsPerDay), Rows: []Row{{
		fmt.Sprintf("a look every 5 minutes at a sliding day of %s rows, 30 days", thousands(rowsPerDay)), "monitors with an episode", 0.1,
	}}}
	experiment.Trial = func(random *rand.Rand) (counts []Count, notes []string) {
		traffic := newTraffic(random, laws, rowsPerDay)
		episodes := traffic.episodes()
		for _, episode := range episodes {
			notes = append(notes, fmt.Sprintf("episode: %s: %s", episode.Verdict, episode.Summary))
		}
		return []Count{once(len(episodes) > 0)}, notes
	}
	return experiment
}

// traffic is all rows of a monitored time, by time.
type traffic struct {
	laws       []Law
	reference  stats.Profile
	columns    []stats.Input
	rowsPerDay int
	judged     map[int]mlops.DriftReport // by number of the look
}

func newTraffic(random *rand.Rand, laws []Law, rowsPerDay int) *traffic {
	made := &traffic{laws: laws, reference: frozen(random, laws, referenceRows), rowsPerDay: rowsPerDay, judged: map[int]mlops.DriftReport{}}
	for _, law := range laws {
		made.columns = append(made.columns, law.draw(random, (monitoredDays+1)*rowsPerDay, 0))
	}
	return made
}

// judge judges the look of a number, once.
func (t *traffic) judge(number int) mlops.DriftReport {
	if report, done := t.judged[number]; done {
		return report
	}
	from := number * t.rowsPerDay / looksPerDay
	to := from + t.rowsPerDay
	current := make([]stats.Input, len(t.columns))
	for i, column := range t.columns {
		current[i] = stats.Input{Name: column.Name, Type: column.Type}
		if column.Numbers != nil {
			current[i].Numbers = column.Numbers[from:to]
		} else {
			current[i].Text = column.Text[from:to]
		}
	}
	t.judged[number] = look(t.laws, t.reference, current)
	return t.judged[number]
}

// episodes are those that a monitor with the default rules opens.
func (t *traffic) episodes() []mlops.Episode {
	last := monitoredDays * looksPerDay
	seen := false
	for number := 0; number <= last; number += gridLooks {
		if t.judge(number).Verdict == mlops.VerdictStable {
			continue
		}
		seen = true
		for before := number - 1; before >= 0 && t.judge(before).Verdict != mlops.VerdictStable; before-- {
		}
		for after := number + 1; after <= last && t.judge(after).Verdict != mlops.VerdictStable; after++ {
		}
	}
	if !seen {
		return nil
	}
	return episodesOf(last, t.judged)
}

// episodesOf folds the looks as the monitor's log does; one that was not judged is stable.
func episodesOf(last int, judged map[int]mlops.DriftReport) []mlops.Episode {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	log := newLog()
	for number := range last + 1 {
		report, done := judged[number]
		if !done {
			report.Verdict = mlops.VerdictStable
		}
		from := start.Add(time.Duration(number) * 5 * time.Minute)
		log.judged(report, from, from.AddDate(0, 0, 1))
	}
	return log.opened
}

// log is a monitor's log with the default rules, folded.
type log struct {
	monitor mlops.DriftMonitor
	state   mlops.MonitorState
	opened  []mlops.Episode
}

func newLog() *log {
	return &log{
		monitor: mlops.DriftMonitor{Name: "study", OpenAfter: mlops.DefaultOpenAfter, CloseAfter: mlops.DefaultCloseAfter},
		state:   mlops.MonitorState{Monitor: "study"},
	}
}

// judged appends a window and the episodes that it opens and closes.
func (l *log) judged(report mlops.DriftReport, from, to time.Time) {
	l.apply(mlops.MonitorEvent{Type: mlops.WindowJudged, Verdict: report.Verdict, Summary: report.Summary, WindowStart: from, WindowEnd: to})
	for next, more := mlops.NextEpisodeEvent(l.state, l.monitor); more; next, more = mlops.NextEpisodeEvent(l.state, l.monitor) {
		l.apply(next)
	}
}

func (l *log) apply(event mlops.MonitorEvent) {
	event.Sequence = l.state.Sequence + 1
	next, err := mlops.ApplyMonitor(l.state, event)
	if err != nil {
		panic("study: an event that the study itself made: " + err.Error())
	}
	l.state = next
	if event.Type == mlops.EpisodeOpened {
		l.opened = append(l.opened, mlops.Episode{ID: event.EpisodeID, Verdict: event.Verdict, Summary: event.Summary})
	}
}
