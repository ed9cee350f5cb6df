package collect

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// labelled reads all label records of a store.
func labelled(t *testing.T, store platform.Store) []record.LabelRecord {
	t.Helper()
	var labels []record.LabelRecord
	segments, err := record.LabelSegments(context.Background(), store, "delay", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, segment := range segments {
		if _, err := record.ScanLabels(context.Background(), store, segment.Key, func(l record.LabelRecord) error {
			labels = append(labels, l)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return labels
}

func withFeedback(o *Options) { o.FeedbackPath = DefaultFeedbackPath }

// Labels go through the log of the records, share its sequence, and are no inference records.
func TestFeedbackIsLogged(t *testing.T) {
	s := newStage(t, score, withFeedback)
	s.post("/score", `{"data":[{"x":1}]}`, CorrelationHeader, "c-1")
	response, body := s.post("/feedback", `{"correlation_id":"c-1","label":true}`)
	if response.StatusCode != http.StatusAccepted || strings.TrimSpace(body) != `{"labels":1,"requests":1}` {
		t.Errorf("answered %s %s", response.Status, body)
	}
	response, body = s.post(FeedbackPath, `{"labels":[{"correlation_id":"c-2","row":1,"label":"late"},{"correlation_id":"c-3","label":0.5},{"correlation_id":"c-2","row":0,"label":"early"}]}`)
	if response.StatusCode != http.StatusAccepted || strings.TrimSpace(body) != `{"labels":3,"requests":2}` {
		t.Errorf("answered %s %s", response.Status, body)
	}
	if s.counted("labels_total", "") != 4 || s.counted("requests_total", "") != 1 {
		t.Errorf("counted %v labels and %v requests", s.counted("labels_total", ""), s.counted("requests_total", ""))
	}
	if records := s.records(); len(records) != 1 || records[0].Sequence != 1 {
		t.Errorf("the inference records are %+v", records)
	}
	var told []string
	for _, l := range labelled(t, s.store) {
		for _, label := range l.Data {
			row := "only"
			if label.Row != nil {
				row = strconv.FormatInt(*label.Row, 10)
			}
			told = append(told, fmt.Sprintf("%d %s %s %s %s %s", l.Sequence, l.Type, l.Instance, l.CorrelationID, row, label.Value))
		}
	}
	want := []string{
		`2 mlops.label delay-0 c-1 only true`, `3 mlops.label delay-0 c-2 1 "late"`, `3 mlops.label delay-0 c-2 0 "early"`, `4 mlops.label delay-0 c-3 only 0.5`,
	}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("the labels are\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

// What cannot be a label is refused with words that name it, and nothing of the body is logged.
func TestBadFeedback(t *testing.T) {
	var printed bytes.Buffer
	s := newStage(t, score, func(o *Options) {
		withFeedback(o)
		o.Logger = hclog.New(&hclog.LoggerOptions{Output: &printed, Level: hclog.Trace})
	})
	for body, fault := range map[string]string{
		``:           "not JSON",
		`{"SECRET":`: "not JSON",
		"{\"label\":\"\xff\",\"correlation_id\":\"c\"}": "not JSON",
		`["SECRET"]`:                                                                      "no object",
		`{"label":"SECRET"}`:                                                              "correlation_id:",
		`{"correlation_id":7,"label":1}`:                                                  "correlation_id:",
		`{"correlation_id":"a b","label":1}`:                                              "correlation_id:",
		`{"correlation_id":"SECRET"}`:                                                     "label:",
		`{"correlation_id":"c","label":null}`:                                             "label:",
		`{"correlation_id":"c","label":["SECRET"]}`:                                       "label:",
		`{"correlation_id":"c","label":1,"label":2}`:                                      "label stands twice",
		`{"correlation_id":"c","label":1,"rwo":2}`:                                        `"rwo" is not known`,
		`{"correlation_id":"c","label":1,"row":-1}`:                                       "row:",
		`{"correlation_id":"c","label":1,"row":0.5}`:                                      "row:",
		`{"correlation_id":"c","label":1,"row":"0"}`:                                      "row:",
		`{"correlation_id":"c","label":"` + strings.Repeat("x", 2000) + `"}`:              "label: it is longer",
		`{"labels":[]}`:                                                                   "labels:",
		`{"labels":{}}`:                                                                   "labels:",
		`{"labels":[{"correlation_id":"c","label":1}],"correlation_id":"c"}`:              "stands alone",
		`{"labels":[{"correlation_id":"c","label":1},{"correlation_id":"d","label":{}}]}`: "labels.1.label:",
		`{"labels":[3]}`:                                                                  "labels.0:",
		strings.Repeat("[", 100_000):                                                      "not JSON",
	} {
		response, answer := s.post("/feedback", body)
		if response.StatusCode != http.StatusBadRequest || !strings.Contains(strings.ReplaceAll(answer, `\"`, `"`), fault) {
			t.Errorf("%.60s: answered %s %s, want 400 and %q", body, response.Status, answer, fault)
		}
	}
	if response, _ := s.post("/feedback", `{"label":"`+strings.Repeat("x", record.MaximumFeedbackBytes)+`"}`); response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body is answered %s", response.Status)
	}
	if response, _ := s.post("/feedback", "\x1f\x8b", "Content-Encoding", "gzip"); response.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a compressed body is answered %s", response.Status)
	}
	if records, labels := s.records(), labelled(t, s.store); len(records)+len(labels) != 0 {
		t.Errorf("it left %v and %v", records, labels)
	}
	if strings.Contains(printed.String(), "SECRET") {
		t.Errorf("it was logged: %s", printed.String())
	}
	if s.collector.budget.used.Load() != 0 {
		t.Error("the budget was not given back")
	}
}

// The model keeps its own routes: everything where no feedback path is set, and all but POST where one is.
func TestFeedbackShadowsNoModel(t *testing.T) {
	model := func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "the model: ", r.Method) }
	s := newStage(t, model, nil)
	if _, body := s.post("/feedback", `{}`); body != "the model: POST" {
		t.Errorf("without a path: %s", body)
	}
	if response, body := s.post(FeedbackPath, `{"correlation_id":"c","label":1}`); response.StatusCode != http.StatusAccepted {
		t.Errorf("its own path answers %s", body)
	}
	set := newStage(t, model, withFeedback)
	for url, want := range map[string]string{"/feedback": "the model: GET", "/feedback/more": "the model: GET", FeedbackPath: "feedback is sent with POST"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, set.url+url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, body := set.do(request); !strings.Contains(body, want) {
			t.Errorf("GET %s answers %s", url, body)
		}
	}
	options := optionsFor(t, s.store, set.url)
	options.FeedbackPath = options.ScorePath
	if _, err := New(options); err == nil || !strings.Contains(err.Error(), "feedback path") {
		t.Errorf("the score path as feedback path: %v", err)
	}
}

// A log that cannot be written refuses labels: a 202 means that they are there.
func TestFeedbackWithoutLog(t *testing.T) {
	s := newStage(t, score, withFeedback)
	if err := s.collector.log.Close(); err != nil {
		t.Fatal(err)
	}
	if response, body := s.post("/feedback", `{"correlation_id":"c","label":1}`); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered %s %s", response.Status, body)
	}
}
