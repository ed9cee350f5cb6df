package story

import (
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// then appends an event at an hour of the story.
func (s *teller) then(at int, event mlops.Event) {
	s.t.Helper()
	s.now = hour(at)
	if event.Actor.Name == "" {
		event.Actor = mlops.Controller
	}
	next, err := s.in.AppendModel(s.t.Context(), s.state, event)
	s.must(err)
	s.state = next
}

// train tells a run up to its judgement.
func (s *teller) train(at int, id string, dataset int64, judged mlops.Judgement) {
	s.t.Helper()
	s.then(at, mlops.Event{Type: mlops.RunTraining, RunID: id, Attempt: 1, Inputs: inputs(dataset)})
	s.then(at, mlops.Event{Type: mlops.RunTrained, RunID: id, Output: &mlops.Output{
		ArtifactSHA256: strings.Repeat(id[4:6], 32), Bytes: 12_345, ImageDigest: "sha256:" + splitSHA256(7),
	}, Holdout: &mlops.Holdout{Dataset: "flights", Version: judged.HoldoutVersion, Champion: judged.Champion}})
	s.then(at, mlops.Event{Type: mlops.RunEvaluated, RunID: id, Judgement: &judged})
}

func inputs(dataset int64) *mlops.Inputs {
	code := training()
	return &mlops.Inputs{
		Dataset: "flights", DatasetVersion: dataset, TrainingSHA256: splitSHA256(dataset), Training: Model, Revision: code.Revision(),
		SourceRevision: code.SourceRevision, Image: code.Image, Parameters: code.Parameters, Code: code,
	}
}

// promote tells the way into production.
func (s *teller) promote(at int, id string, version, previously int64) {
	s.t.Helper()
	for _, kind := range []mlops.EventType{mlops.RunPromoting, mlops.RunPromoted} {
		s.then(at, mlops.Event{Type: kind, RunID: id, Version: version, Previously: previously, Alias: mlops.AliasChampion})
	}
}

func judgement(candidate, champion float64, version int64, passed bool) mlops.Judgement {
	metric := mlops.MetricJudgement{Candidate: candidate, Method: "minimum/v1", Passed: passed}
	value := mlops.SliceValue{Rows: 120, Candidate: candidate}
	if version > 0 {
		gain := candidate - champion
		low, high := gain-0.01, gain+0.01
		metric = mlops.MetricJudgement{Candidate: candidate, Champion: &champion, Gain: &gain, Low: &low, High: &high, Method: "paired_bootstrap/v1", Passed: passed}
		value.Champion = &champion
	}
	judged := mlops.Judgement{
		HoldoutDataset: "flights", HoldoutVersion: 2, HoldoutSHA256: splitSHA256(22), HoldoutRows: 240, ExcludedRows: 10, Champion: version,
		Metrics: map[string]mlops.MetricJudgement{"auc": metric}, Passed: passed,
		Slices: map[string]mlops.SliceJudgement{"origin": {Metric: "auc", Values: map[string]mlops.SliceValue{"ATL": value, "SFO": value}, Gap: 0.02, Passed: true}},
	}
	if !passed {
		judged.Reasons = []string{"auc may be worse than the champion's by 0.31, more than the tolerance of 0"}
	}
	return judged
}

func (s *teller) tellModel() {
	s.t.Helper()
	ada, bob := mlops.Actor{Name: "ada"}, mlops.Actor{Name: "bob"}
	s.state = mlops.NewState(Model)
	s.then(0, mlops.Event{Type: mlops.ModelCreated, Incarnation: "one"})

	s.then(1, mlops.Event{Type: mlops.RunRequested, RunID: Bootstrap, Cause: &mlops.Cause{Kind: mlops.CauseBootstrap, Key: "1"}})
	s.train(2, Bootstrap, 1, judgement(0.70, 0, 0, true))
	s.then(5, mlops.Event{Type: mlops.RunRegistered, RunID: Bootstrap, Version: 1})
	s.then(5, mlops.Event{Type: mlops.RunApproved, RunID: Bootstrap, Version: 1, Digest: strings.Repeat("a1", 32), Reason: "no approval is asked for"})
	s.promote(6, Bootstrap, 1, 0)

	s.then(25, mlops.Event{Type: mlops.RunRequested, RunID: Drift, Cause: &mlops.Cause{Kind: mlops.CauseDrift, Key: Episode, Text: "covariate drift since 2026-05-02"}})
	s.then(25, mlops.Event{Type: mlops.RunWaitingForData, RunID: Drift, Deadline: hour(25 + 7*24)})
	s.train(50, Drift, 2, judgement(0.75, 0.70, 1, true))
	s.then(51, mlops.Event{Type: mlops.RunRegistered, RunID: Drift, Version: 2})
	s.then(51, mlops.Event{Type: mlops.RunAwaitingApproval, RunID: Drift, Deadline: hour(51 + 72)})
	s.then(59, mlops.Event{Type: mlops.RunApproved, RunID: Drift, Version: 2, Actor: ada, Reason: "better on the new airports", Digest: strings.Repeat("b2", 32)})
	s.promote(60, Drift, 2, 1)

	s.then(70, mlops.Event{Type: mlops.RunRequested, RunID: Rejected, Cause: &mlops.Cause{Kind: mlops.CauseCode, Key: "2.0.0"}})
	s.train(71, Rejected, 2, judgement(0.44, 0.75, 2, false))
	s.then(72, mlops.Event{Type: mlops.RunRejected, RunID: Rejected, Reason: "the gate did not pass"})

	s.then(80, mlops.Event{Type: mlops.RunRequested, RunID: Failed, Actor: ada, Reason: "try again", Cause: &mlops.Cause{Kind: mlops.CauseRequest, Key: "ada/1"}})
	s.then(81, mlops.Event{Type: mlops.RunTraining, RunID: Failed, Attempt: 1, Inputs: inputs(2)})
	s.then(82, mlops.Event{Type: mlops.RunFailed, RunID: Failed, Failure: &mlops.Failure{
		Step: mlops.StepTrain, ExitCode: 2, Message: "the train command ended with code 2", LogTail: "reading\n\x1b[31mpanic: singular matrix\n",
	}})

	s.then(99, mlops.Event{Type: mlops.RunRequested, RunID: Rollback, Actor: bob, Version: 1, Reason: "slow at night", Cause: &mlops.Cause{Kind: mlops.CauseRollback, Key: "bob/1", Text: "back to version 1"}})
	s.promote(100, Rollback, 1, 2)

	s.then(110, mlops.Event{Type: mlops.RunRequested, RunID: Waiting, Cause: &mlops.Cause{Kind: mlops.CauseDatasetVersion, Key: "flights/2"}})
	s.train(111, Waiting, 2, judgement(0.76, 0.70, 1, true))
	s.then(112, mlops.Event{Type: mlops.RunRegistered, RunID: Waiting, Version: 3})
	s.then(112, mlops.Event{Type: mlops.RunAwaitingApproval, RunID: Waiting, Deadline: hour(112 + 72)})
}

func (s *teller) tellMonitor() {
	s.t.Helper()
	state := mlops.MonitorState{Monitor: Monitor}
	window := mlops.MonitorEvent{
		Type: mlops.WindowJudged, WindowStart: start, WindowEnd: start.AddDate(0, 0, 1), Verdict: mlops.VerdictCovariate, Rows: 4000,
		ModelVersion: 1, Report: Report, Summary: "origin moved",
	}
	opened := window
	opened.Type, opened.EpisodeID = mlops.EpisodeOpened, Episode
	for _, event := range []mlops.MonitorEvent{window, opened} {
		s.now = hour(25)
		next, err := s.in.AppendMonitor(s.t.Context(), state, event)
		s.must(err)
		state = next
	}
	p := 0.0001
	s.put(Report, mlops.DriftReport{
		Schema: mlops.DriftReportSchema, Writer: "w", Monitor: Monitor, Deployment: Model, Model: Model, ModelVersion: 1,
		Reference: "dataset flights version 1, training split", WindowStart: start, WindowEnd: start.AddDate(0, 0, 1), Time: hour(25),
		Rows: 4000, ReferenceRows: 1000, Requests: 400, Verdict: mlops.VerdictCovariate, Summary: "origin moved",
		Features: []mlops.FeatureReport{{Name: "origin", Type: mlops.TypeCategory, Drifted: true, Effect: 0.31, Threshold: 0.1, PValue: &p, Message: "new: BOI"}},
	})
}

func (s *teller) tellAlerts() {
	s.t.Helper()
	tell := func(log string, number string, at time.Time, topic mlops.Topic, summary string) {
		key := log + "/" + strings.Repeat("0", 12-len(number)) + number
		s.put("alerts/"+key+".json", mlops.Notification{
			Schema: mlops.NotificationSchema, Writer: "w", Key: key, Time: at, Topic: topic, Subject: "models/" + Model, Summary: summary,
		})
	}
	tell("monitors/"+Monitor, "2", hour(25), mlops.TopicDrift, "covariate drift")
	for i, number := range []string{"10", "20", "30", "40"} {
		tell("logs/"+Model, number, hour(60+i), mlops.TopicPromoted, "message "+number)
	}
}
