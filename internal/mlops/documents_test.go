package mlops_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/corpus"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// documentsV1 are the documents that stand alone, by their files in testdata/corpus/v1. They never change: those of later
// days join as v2, with values of their own.
func documentsV1() map[string]any {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return map[string]any{
		"drift-report.json": &mlops.DriftReport{
			Schema: mlops.DriftReportSchema, Writer: "w", Monitor: "delay", Deployment: "delay", Model: "delay", ModelVersion: 1,
			Reference: "dataset flights version 1, training split", WindowStart: at.Add(-24 * time.Hour), WindowEnd: at, Watermark: at.Add(time.Minute),
			Time: at.Add(time.Hour), Rows: 600, ReferenceRows: 6000, Requests: 610, Failed: 10, Verdict: mlops.VerdictCovariate, Season: "season_unknown",
			Summary: "distance has changed", Quality: []mlops.QualityFault{{Feature: "distance", Rule: "unit", Share: 0.9, Message: "kilometres"}},
			Features: []mlops.FeatureReport{{
				Name: "distance", Type: mlops.TypeNumber, Drifted: true, Effect: 0.4, Threshold: 0.02, PValue: new(0.001), Message: "longer",
				Metrics: []mlops.MetricReport{
					{Method: "psi/quantile10", Value: new(0.4)}, {Method: "ks", Value: new(0.2), PValue: new(0.001)},
					{Method: "wasserstein/normalized", Reason: "not a finite number"},
				},
				Chart: &mlops.Chart{Labels: []string{"0 to 500", "above"}, Reference: []float64{0.75, 0.25}, Current: []float64{0.25, 0.75}},
			}},
			Performance: &mlops.Performance{Rows: 500, Predicted: 600, Worse: true, Reason: "said", Metrics: []mlops.PerformanceMetric{{
				Name: "auc", Goal: mlops.GoalMaximize, Method: "bootstrap/v1", Window: 0.6, Reference: 0.7, ReferenceRows: 200, Loss: 0.1, Low: 0.05,
				High: 0.15, Tolerance: 0.01, Worse: true, Reason: "said",
			}}},
		},
		"step-output-train.json": &mlops.StepOutput{
			Schema: mlops.StepOutputSchema, Writer: "w", Model: "delay", RunID: "run-0102030405", Attempt: 2, Step: mlops.StepTrain, Time: at,
			Output: &mlops.Output{ArtifactSHA256: "aa", Bytes: 1234, ImageDigest: "sha256:bb", Metrics: map[string]float64{"loss": 0.25}},
		},
		"step-output-evaluate.json": &mlops.StepOutput{
			Schema: mlops.StepOutputSchema, Writer: "w", Model: "delay", RunID: "run-0102030405", Attempt: 2, Step: mlops.StepEvaluateCandidate, Time: at,
			Metrics: map[string]float64{"auc": 0.75}, PredictionsSHA256: "cc", HoldoutSHA256: "dd", HoldoutRows: 200, ExcludedRows: 3,
		},
		"dataset-manifest.json": &mlops.DatasetManifest{
			Schema: mlops.DatasetManifestSchema, Writer: "w", Dataset: "flights", Number: 2, Time: at, Source: "records of delay",
			Actor: mlops.Actor{Name: "ada", Verified: true}, SHA256: "ee", Rows: 100, Columns: []string{"at", "late"},
			Training:  mlops.Split{SHA256: "ff", Bytes: 800, Rows: 80, From: at.Add(-time.Hour), To: at},
			Holdout:   mlops.Split{SHA256: "11", Bytes: 200, Rows: 20, From: at, To: at.Add(time.Hour)},
			SplitRule: "last 20% by at", ProfileSHA256: "22",
			Records: &mlops.JoinedRecords{
				Deployment: "delay", From: at.Add(-time.Hour), To: at.Add(time.Hour), Segments: 3, SegmentsSHA256: "33", Requests: 90, Failed: 1,
				NotCaptured: 2, Duplicates: 3, Rows: 110, Labelled: 100, Unlabelled: 8, Unusable: 2, ReplacedLabels: 4, UnplacedLabels: 5,
				UndeclaredColumns: []string{"note"},
			},
		},
	}
}

// Documents that stand alone can be read for ever, also once they have fields that are not known today. The corpus only
// grows: when one gets a field, a new folder joins. MLOPS_WRITE_CORPUS=<folder> writes today's.
func TestDocumentCorpus(t *testing.T) {
	if to := corpus.WriteTo(); to != "" {
		for name, document := range documentsV1() {
			corpus.Complete(t, document, "MetricReport.Value", "MetricReport.PValue", "MetricReport.Reason", "StepOutput.Output", "StepOutput.Metrics",
				"StepOutput.PredictionsSHA256", "StepOutput.HoldoutSHA256", "StepOutput.HoldoutRows", "StepOutput.ExcludedRows")
			data, err := json.MarshalIndent(document, "", "  ")
			if err == nil {
				err = os.MkdirAll(to, 0o755)
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(to, name), data, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, want := range documentsV1() {
		data, err := os.ReadFile(filepath.Join("testdata/corpus/v1", name))
		if err != nil {
			t.Fatal(err)
		}
		for how, data := range map[string][]byte{"as written": data, "as written later": corpus.Later(t, data, want)} {
			got := reflect.New(reflect.TypeOf(want).Elem()).Interface()
			if err := json.Unmarshal(data, got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: %+v, %v; want %+v", name, how, got, err, want)
			}
		}
	}
}
