package project_test

import (
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What stands in testdata/corpus/v1. It never changes: documents of later days join as v2, with values of their own.

var corpusDay = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func corpusSpecs() []mlops.Spec {
	return []mlops.Spec{
		&mlops.Project{
			Name: "flights", Local: &mlops.Local{Path: ".mlops", Port: 8765}, OnDestroy: mlops.OnDestroyRetain,
			Owners: map[mlops.Role]mlops.Owner{
				mlops.RoleDataScientist: {Email: "science@example.com", Webhook: "https://example.com/hook"},
			},
			Retention:     mlops.Retention{RecordDays: 90, ReportDays: 365},
			Notifications: map[mlops.Topic][]mlops.Role{mlops.TopicDrift: {mlops.RoleDataScientist}},
		},
		&mlops.Dataset{
			Name: "flights", MinimumRows: 100, MaximumDuplicatePercent: new(1.5), HoldoutPercent: 20,
			Columns: map[string]mlops.Column{
				"at":       {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp, MaximumNullPercent: new(0.5)},
				"distance": {Type: mlops.TypeNumber, Role: mlops.RoleFeature, Minimum: new(1.0), Maximum: new(6000.0), Unit: "miles"},
				"origin":   {Type: mlops.TypeCategory, Role: mlops.RoleFeature, Categories: []string{"ATL", "SFO"}},
				"note":     {Type: mlops.TypeText, Role: mlops.RoleID},
				"late":     {Type: mlops.TypeBoolean, Role: mlops.RoleLabel},
			},
		},
		corpusTraining(),
		&mlops.Model{
			Name: "delay", Training: "delay", Owner: "science@example.com",
			Validation: mlops.Validation{
				Metrics: map[string]mlops.Gate{
					"auc":  {Goal: mlops.GoalMaximize, Minimum: new(0.6), Tolerance: 0.01},
					"cost": {Goal: mlops.GoalMinimize, Maximum: new(9.5), Tolerance: 0.1, Custom: true},
				},
				Slices: map[string]mlops.Slice{"origin": {Metric: "auc", MaximumGap: 0.2, MinimumRows: 50}},
			},
		},
		&mlops.Deployment{
			Name: "delay", Model: "delay", Alias: mlops.AliasChampion, Replicas: new(int64(2)),
			DataCollection: mlops.DataCollection{Enabled: true, SamplingPercentage: 50, RetentionDays: 30, Redact: []string{"note"}},
			Resources:      mlops.Resources{CPU: "500m", Memory: "512Mi"},
			RollOut:        mlops.RollOut{Timeout: mlops.Duration(5 * time.Minute), Watch: mlops.Duration(10 * time.Second)},
		},
		&mlops.Deployment{
			Name: "pinned", Model: "delay", Version: new(int64(3)), Autoscaling: &mlops.Autoscaling{Minimum: 1, Maximum: 4, CPUPercent: 70},
			RollOut: mlops.RollOut{Timeout: mlops.Duration(5 * time.Minute)},
		},
		&mlops.DriftMonitor{
			Name: "delay", Deployment: "delay", Owner: "platform@example.com", Reference: mlops.ReferenceTraining, Schedule: "*/5 * * * *",
			TimeZone: "Europe/Berlin", Window: mlops.Duration(24 * time.Hour), Features: map[string]mlops.FeatureWatch{"distance": {Sensitivity: 2}},
			MinimumRows: 200, Season: mlops.Duration(7 * 24 * time.Hour), OpenAfter: 2, CloseAfter: 3,
			Alert: mlops.Alert{Severity: 1, Notify: []mlops.Role{mlops.RoleMLOpsEngineer}},
		},
		&mlops.RetrainPolicy{
			Model: "delay",
			Triggers: mlops.Triggers{
				Drift: &mlops.DriftTrigger{Monitors: []string{"delay"}}, DatasetVersion: &struct{}{}, Code: &struct{}{},
				Schedule: &mlops.ScheduleTrigger{Cron: "0 3 * * 1", TimeZone: "UTC"},
			},
			Guards: mlops.Guards{
				Cooldown: mlops.Duration(24 * time.Hour), MaximumRuns: 5, BudgetPeriod: mlops.Duration(7 * 24 * time.Hour), MinimumNewRows: 1000,
				WaitForData: mlops.Duration(48 * time.Hour),
			},
			Approval: mlops.Approval{
				Mode: mlops.ApprovalManual, First: mlops.ApprovalAutomatic, Expiry: mlops.Duration(72 * time.Hour), FourEyes: true, Approvers: []string{"ada"},
			},
		},
	}
}

func corpusTraining() *mlops.Training {
	return &mlops.Training{
		Name: "delay", Dataset: "flights", Image: "delay:1.0.0",
		Train:      mlops.JobCommand{Command: []string{"delay", "train"}, Timeout: mlops.Duration(30 * time.Minute), Retries: 2},
		Evaluate:   mlops.JobCommand{Command: []string{"delay", "evaluate"}, Timeout: mlops.Duration(10 * time.Minute), Retries: 1},
		Serve:      mlops.ServeCommand{Command: []string{"delay", "serve"}, ScorePath: "/score", HealthPath: "/healthz"},
		Parameters: map[string]string{"l2": "0.01"}, SourceRevision: "1.0.0", Resources: mlops.Resources{CPU: "1", Memory: "1Gi"},
	}
}

// corpusRequests are one of every action; what Ask fills in is left out.
func corpusRequests() []mlops.Request {
	ada := mlops.Actor{Name: "Ada@Example.com"} // the documents say that she is verified: nobody has checked
	return []mlops.Request{
		{Actor: ada, Action: mlops.ActionTrain, Model: "delay", Reason: "a new season", Force: true},
		{Actor: ada, Action: mlops.ActionApprove, Model: "delay", RunID: "run-0102030405", Reason: "better"},
		{Actor: ada, Action: mlops.ActionDecline, Model: "delay", RunID: "run-0102030405", Reason: "worse"},
		{Actor: ada, Action: mlops.ActionCancel, Model: "delay", RunID: "run-0102030405"},
		{Actor: ada, Action: mlops.ActionRetry, Model: "delay", RunID: "run-0102030405"},
		{Actor: ada, Action: mlops.ActionRollback, Model: "delay", Version: 1, Reason: "slow"},
		{Actor: ada, Action: mlops.ActionFreeze, Model: "delay", Reason: "holidays"},
		{Actor: ada, Action: mlops.ActionThaw, Model: "delay", Reason: "back"},
	}
}

// corpusNotification leaves out what Notify fills in.
func corpusNotification() mlops.Notification {
	return mlops.Notification{
		Key: "monitors/delay/000000000002", Topic: mlops.TopicDrift, Severity: 1, Subject: "drift_monitors/delay", Summary: "covariate", Detail: "a report",
	}
}

// corpusMonitorEvents are one of every type; headers are left out.
func corpusMonitorEvents() []mlops.MonitorEvent {
	drift := mlops.Actor{Name: "mlops drift"}
	end := func(days int) time.Time { return time.Date(2026, 1, 1+days, 0, 0, 0, 0, time.UTC) }
	const report, episode = "reports/delay/2026/01/02/20260102T000000Z.json", "delay-20260102T000000Z-covariate"
	return []mlops.MonitorEvent{
		{
			Type: mlops.WindowJudged, Actor: drift, WindowStart: end(0), WindowEnd: end(1), Verdict: mlops.VerdictCovariate, Rows: 600, ModelVersion: 1,
			Report: report, Summary: "distance has changed", LabelledRows: 500,
		},
		{
			Type: mlops.EpisodeOpened, Actor: drift, EpisodeID: episode, WindowEnd: end(1), Verdict: mlops.VerdictCovariate, ModelVersion: 1,
			Report: report, Summary: "distance has changed",
		},
		{Type: mlops.EpisodeAccepted, Actor: mlops.Actor{Name: "ada"}, Reason: "known", EpisodeID: episode, Verdict: mlops.VerdictCovariate},
		{Type: mlops.WindowJudged, Actor: drift, WindowStart: end(1), WindowEnd: end(2), Verdict: mlops.VerdictStable, Rows: 700, ModelVersion: 1},
		{Type: mlops.EpisodeClosed, Actor: drift, EpisodeID: episode, WindowEnd: end(2), Verdict: mlops.VerdictCovariate, Report: report, Reason: "calm"},
	}
}

// corpusEvents are the beginning of a model's log, whose every type is in the corpus of package mlops; headers are left out.
func corpusEvents() []mlops.Event {
	inputs := &mlops.Inputs{
		Dataset: "flights", DatasetVersion: 1, TrainingSHA256: "aa", Training: "delay", Revision: "r", SourceRevision: "1.0.0", Image: "delay:1.0.0",
		Parameters: map[string]string{"l2": "0.01"}, Code: *corpusTraining(),
	}
	judged := &mlops.Judgement{
		HoldoutDataset: "flights", HoldoutVersion: 1, HoldoutSHA256: "bb", HoldoutRows: 200, ExcludedRows: 1, Passed: true,
		Metrics: map[string]mlops.MetricJudgement{"auc": {Candidate: 0.7, Method: "minimum/v1", Passed: true}},
		Slices:  map[string]mlops.SliceJudgement{"origin": {Metric: "auc", Values: map[string]mlops.SliceValue{"ATL": {Rows: 90, Candidate: 0.7}}, Gap: 0.1, Passed: true}},
	}
	events := []mlops.Event{
		{Type: mlops.RunRequested, Cause: &mlops.Cause{Kind: mlops.CauseBootstrap, Key: "one", Text: "no version yet"}},
		{Type: mlops.RunTraining, Attempt: 1, Inputs: inputs, Deadline: corpusDay.Add(time.Hour)},
		{Type: mlops.RunTrained, Output: &mlops.Output{ArtifactSHA256: "cc", Bytes: 9, ImageDigest: "sha256:dd", Metrics: map[string]float64{"auc": 0.7}},
			Holdout: &mlops.Holdout{Dataset: "flights", Version: 1}},
		{Type: mlops.RunEvaluated, Judgement: judged},
		{Type: mlops.RunRegistered, Version: 1},
		{Type: mlops.RunApproved, Version: 1, Digest: "cc", Reason: "automatic"},
		{Type: mlops.RunPromoting, Version: 1, Alias: mlops.AliasChampion},
		{Type: mlops.RunPromoted, Version: 1, Alias: mlops.AliasChampion},
	}
	for i := range events {
		events[i].RunID = "run-0102030405"
	}
	return append([]mlops.Event{{Type: mlops.ModelCreated, Incarnation: "one"}}, append(events,
		mlops.Event{Type: mlops.ModelFrozen, Actor: mlops.Actor{Name: "ada"}, Reason: "holidays", RequestID: "ada/1"})...)
}
