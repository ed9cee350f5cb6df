package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift/hours"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// served puts a segment whose one record arrived now.
func (p *plant) served(deployment string, event time.Time) {
	p.t.Helper()
	encoded, err := record.Record{Schema: record.Schema, ID: "1", Time: p.clock(), EventTime: event, Deployment: deployment, Instance: "one"}.Encode()
	if err != nil {
		p.t.Fatal(err)
	}
	p.store.Put(record.Key(deployment, "one", event, 1), record.AppendLine(nil, encoded, 1))
}

func (p *plant) collecting(name string, days int64) mlops.Deployment {
	declared := deployment(name)
	declared.DataCollection = mlops.DataCollection{Enabled: true, SamplingPercentage: 100, RetentionDays: days}
	return declared
}

// pass makes a few passes an hour after the last.
func (p *plant) pass(controller *Controller) {
	p.t.Helper()
	p.advance(time.Hour)
	for range 3 {
		if err := controller.Pass(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
	}
}

// A deployment's own retention stands above the project's, also after it is deleted; zero is the project's, and for ever
// where that says nothing either.
func TestRetentionOfRecords(t *testing.T) {
	p := newPlant(t)
	declared := mlops.Project{Name: "flights", OnDestroy: mlops.OnDestroyRetain, Retention: mlops.Retention{RecordDays: 20}}
	p.declare(declared, p.collecting("own", 10), p.collecting("deleted", 10), p.collecting("silent", 0))
	for _, name := range []string{"own", "deleted", "silent", "undeclared"} {
		p.served(name, start)
		p.store.Put(hours.Prefix(name)+start.Format("2006/01/02/15")+"-plan-1"+hours.Suffix, fmt.Appendf(nil, "{\"time\":%q}\n\x01", start.Format(time.RFC3339)))
	}
	if err := p.project.DeleteSpec(t.Context(), mlops.KindDeployment, "deleted", ""); err != nil {
		t.Fatal(err)
	}
	controller := p.controller()
	left := func(after time.Duration) string {
		p.advance(after)
		p.pass(controller)
		var names []string
		for _, key := range p.store.Keys("records/") {
			names = append(names, strings.Split(key, "/")[1])
		}
		if profiles := len(p.store.Keys("profiles/")); profiles != len(names) {
			t.Errorf("%d profiles beside records of %v; both go together", profiles, names)
		}
		return strings.Join(names, " ")
	}
	if got := left(9 * 24 * time.Hour); got != "deleted own silent undeclared" {
		t.Errorf("after nine days there are %s", got)
	}
	if got := left(2 * 24 * time.Hour); got != "silent undeclared" {
		t.Errorf("after eleven days there are %s", got)
	}
	if err := p.project.DeleteSpec(t.Context(), mlops.KindProject, "flights", ""); err != nil {
		t.Fatal(err)
	}
	if got := left(20 * 24 * time.Hour); got != "silent undeclared" {
		t.Errorf("without a project there are %s", got)
	}
	p.declare(declared)
	if got := left(0); got != "undeclared" {
		t.Errorf("after a month there are %s", got)
	}
}

// The latest report and those of open episodes stay, however old; the others go with their pages.
func TestRetentionOfReports(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.declare(mlops.Project{Name: "flights", OnDestroy: mlops.OnDestroyRefuse, Retention: mlops.Retention{ReportDays: 10}})
	judge := func(days int, episode mlops.MonitorEventType) string {
		end := start.AddDate(0, 0, days)
		key := "reports/delay/" + end.Format("2006/01/02/") + end.Format(mlops.TimeKey)
		data, err := json.Marshal(mlops.DriftReport{Time: end, WindowEnd: end})
		if err != nil {
			t.Fatal(err)
		}
		p.store.Put(key+".json", data)
		p.store.Put(key+".html", []byte("<p>"))
		p.monitorEvent(mlops.MonitorEvent{Type: mlops.WindowJudged, WindowEnd: end, Verdict: mlops.VerdictCovariate, Report: key + ".json"})
		if episode != "" {
			p.monitorEvent(mlops.MonitorEvent{Type: episode, EpisodeID: "one", WindowEnd: end, Verdict: mlops.VerdictCovariate, Report: key + ".json"})
		}
		return key
	}
	judge(0, "")
	opened, _, latest := judge(1, mlops.EpisodeOpened), judge(2, ""), judge(3, "")
	controller := p.controller()
	p.advance(60 * 24 * time.Hour)
	p.pass(controller)
	want := []string{opened + ".html", opened + ".json", latest + ".html", latest + ".json"}
	if got := p.store.Keys("reports/"); !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
}

// Retention that fails is an error of the pass and nobody else's, and is made good later; between its rounds it asks nothing.
func TestRetentionThatFails(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.declare(p.collecting("delay", 1))
	p.served("delay", start)
	controller := p.controller()
	p.advance(9 * 24 * time.Hour)
	away := true
	p.store.Before = func(verb, key string) error {
		if away && verb == memstore.VerbDelete {
			return errors.New("the store is away")
		}
		return nil
	}
	if err := controller.Pass(t.Context()); err == nil || !strings.Contains(err.Error(), `records of deployment "delay"`) {
		t.Errorf("%v, want an error that names the records", err)
	}
	away = false
	p.publish(1)
	p.settle(controller)
	if p.state().Aliases[mlops.AliasChampion].Version != 1 {
		t.Errorf("the model was held up: %v", p.types())
	}
	p.pass(controller)
	if keys := p.store.Keys("records/"); len(keys) != 0 {
		t.Errorf("left are %v", keys)
	}
	p.store.ResetCalls()
	if err := controller.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := p.store.CallCounts(), (map[string]int{"read": 2, "list": 3}); !maps.Equal(got, want) {
		t.Errorf("an idle pass asks %v, want %v", got, want)
	}
}
