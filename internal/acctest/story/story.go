// Package story plants a project with a past for tests of what people are shown: a bootstrap champion, a drift run that was
// approved, a rejected candidate, a trainer that failed, a rollback, and a candidate that waits for a person. It writes the
// documents that provider and controller would have written, and knows nothing of how they come to decide so.
package story

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// The names in the story.
const (
	Model   = "flight-delay"
	Monitor = "delay-drift"

	Bootstrap = "run-a100000000" // registered version 1
	Drift     = "run-b200000000" // registered version 2, approved by ada
	Rejected  = "run-c300000000"
	Failed    = "run-c400000000"
	Rollback  = "run-d500000000" // by bob, to version 1
	Waiting   = "run-e600000000" // registered version 3, waits for a person

	Episode = Monitor + "-20260502t000000z"
	Report  = "reports/" + Monitor + "/2026/05/02/20260502T000000Z.json"
)

// Promoted are the moments at which the champion changed: to version 1, 2 and 1 again.
var Promoted = []time.Time{hour(6), hour(60), hour(100)}

var start = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

func hour(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }

// Plant writes the story; in's own clock is left as it is.
func Plant(t testing.TB, in *project.Project) {
	t.Helper()
	past := *in
	teller := &teller{t: t, in: &past}
	past.Now = func() time.Time { return teller.now }
	teller.declare()
	teller.publish(1)
	teller.publish(2)
	teller.tellModel()
	teller.tellMonitor()
	teller.tellAlerts()
}

// Declare writes the specs alone: a project that was just applied.
func Declare(t testing.TB, in *project.Project) {
	t.Helper()
	teller := &teller{t: t, in: in}
	teller.declare()
}

type teller struct {
	t     testing.TB
	in    *project.Project
	now   time.Time
	state mlops.State
}

func (s *teller) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *teller) put(key string, document any) {
	s.t.Helper()
	data, err := json.MarshalIndent(document, "", "  ")
	s.must(err)
	s.must(s.in.Store.Create(s.t.Context(), key, data))
}

func training() mlops.Training {
	job := mlops.JobCommand{Command: []string{"flight-delay", "train"}, Timeout: mlops.Duration(30 * time.Minute)}
	return mlops.Training{
		Name: Model, Dataset: "flights", Image: "flight-delay:1.0.0", Train: job, Evaluate: job, SourceRevision: "1.0.0",
		Serve:      mlops.ServeCommand{Command: []string{"flight-delay", "serve"}, ScorePath: "/score", HealthPath: "/healthz"},
		Parameters: map[string]string{"l2": "0.01"},
	}
}

func (s *teller) declare() {
	s.t.Helper()
	replicas, minimum := int64(2), 0.55
	for _, spec := range []mlops.Spec{
		mlops.Project{Name: "flights", OnDestroy: mlops.OnDestroyRefuse, Local: &mlops.Local{Path: ".mlops", Port: mlops.DefaultLocalPort}},
		training(),
		mlops.Model{Name: Model, Training: Model, Owner: "science@example.com", Validation: mlops.Validation{
			Metrics: map[string]mlops.Gate{"auc": {Goal: mlops.GoalMaximize, Minimum: &minimum}},
			Slices:  map[string]mlops.Slice{"origin": {Metric: "auc", MaximumGap: 0.1, MinimumRows: 50}},
		}},
		mlops.Deployment{Name: Model, Model: Model, Alias: mlops.AliasChampion, Replicas: &replicas},
		mlops.DriftMonitor{Name: Monitor, Deployment: Model, Reference: mlops.ReferenceTraining, Schedule: "*/5 * * * *", Window: mlops.Duration(24 * time.Hour), OpenAfter: 2, CloseAfter: 2},
		mlops.RetrainPolicy{Model: Model, Approval: mlops.Approval{Mode: mlops.ApprovalManual, First: mlops.ApprovalAutomatic, Expiry: mlops.Duration(72 * time.Hour), Approvers: []string{"ada", "bob"}}},
	} {
		_, _, err := s.in.CreateSpec(s.t.Context(), spec)
		s.must(err)
	}
}

func splitSHA256(number int64) string { return fmt.Sprintf("%064d", number) }

func (s *teller) publish(number int64) {
	s.t.Helper()
	s.put(fmt.Sprintf("datasets/flights/%012d/manifest.json", number), mlops.DatasetManifest{
		Schema: mlops.DatasetManifestSchema, Writer: "w", Dataset: "flights", Number: number, Time: start,
		Source: fmt.Sprintf("data/2001-%02d.csv", number), Actor: mlops.Actor{Name: "dora"}, SHA256: splitSHA256(10 + number), Rows: 1250,
		Training: mlops.Split{SHA256: splitSHA256(number), Rows: 1000, From: start.AddDate(-25, 0, 0), To: start.AddDate(-25, 1, 0)},
		Holdout:  mlops.Split{SHA256: splitSHA256(20 + number), Rows: 250},
	})
}
