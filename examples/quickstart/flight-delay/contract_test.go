package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// splitOf writes the training (or the holdout) part of a dataset, as the platform splits it, and returns its folder.
func splitOf(t *testing.T, file string, holdout bool) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "data", file))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimRight(string(content), "\n"), "\n")
	rows := lines[1:]
	cut := len(rows) - len(rows)/5
	if part := rows[:cut]; holdout {
		rows = rows[cut:]
	} else {
		rows = part
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, dataFile), []byte(lines[0]+strings.Join(rows, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// trained runs train as a container would and returns its output folder.
func trained(t *testing.T, input, parameters string) string {
	t.Helper()
	output := t.TempDir()
	t.Setenv("MLOPS_INPUT_DIR", input)
	t.Setenv("MLOPS_OUTPUT_DIR", output)
	t.Setenv("MLOPS_PARAMETERS", parameters)
	if err := train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return output
}

// evaluated runs evaluate as a container would and returns its metrics.
func evaluated(t *testing.T, trained, input string) metrics {
	t.Helper()
	output := t.TempDir()
	t.Setenv("MLOPS_INPUT_DIR", input)
	t.Setenv("MLOPS_MODEL_DIR", filepath.Join(trained, "model"))
	t.Setenv("MLOPS_OUTPUT_DIR", output)
	if err := evaluate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(output, "metrics.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m metrics
	if err := json.Unmarshal(content, &m); err != nil {
		t.Fatal(err)
	}
	checkPredictions(t, output, input)
	return m
}

// checkPredictions wants one prediction for every row of the input, with its own number and label.
func checkPredictions(t *testing.T, output, input string) {
	t.Helper()
	file, err := os.Open(filepath.Join(output, "predictions.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	flights, err := readFlights(filepath.Join(input, dataFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != len(flights)+1 || strings.Join(lines[0], ",") != "row,label,score" {
		t.Fatalf("%d lines that begin with %v, want %d with row,label,score", len(lines), lines[0], len(flights)+1)
	}
	if last := len(flights) - 1; (lines[last+1][1] == "1") != flights[last].late {
		t.Errorf("row %d has the label %s, want %t", last, lines[last+1][1], flights[last].late)
	}
}

// The story that the demo tells holds on the committed data: January passes the gate's minimum, the model of the grown
// network beats January's on the newest holdout by far, and the trainer with a bug loses to it by far.
func TestTheStoryIsInTheData(t *testing.T) {
	first := trained(t, splitOf(t, "2001-01.csv", false), `{"l2":"0.01"}`)
	if m := evaluated(t, first, splitOf(t, "2001-01.csv", true)); m.AUC < 0.57 {
		t.Errorf("January: auc %.4f on its holdout, want 0.57 and more", m.AUC)
	}
	training, holdout := splitOf(t, "2001-02.csv", false), splitOf(t, "2001-02.csv", true)
	champion := evaluated(t, first, holdout)
	candidate := evaluated(t, trained(t, training, `{"l2":"0.01"}`), holdout)
	if gain := candidate.AUC - champion.AUC; gain < 0.06 {
		t.Errorf("the grown network's model gains %.4f over January's, want 0.06 and more", gain)
	}
	buggy := evaluated(t, trained(t, training, `{"l2":"0.01","shuffle_column":"scheduled_departure"}`), holdout)
	if loss := candidate.AUC - buggy.AUC; loss < 0.05 {
		t.Errorf("the bug costs %.4f, want 0.05 and more", loss)
	}
}

// The same data and parameters give the same model, byte by byte.
func TestTrainingIsRepeatable(t *testing.T) {
	input := splitOf(t, "2001-01.csv", false)
	var models []string
	for range 2 {
		content, err := os.ReadFile(filepath.Join(trained(t, input, ""), "model", modelFile))
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, string(content))
	}
	if models[0] != models[1] {
		t.Error("two trainings gave two models")
	}
}

func TestBadParametersAreNamed(t *testing.T) {
	for _, text := range []string{`{"l2":"x"}`, `{"l2":"-1"}`, `{"l2":"NaN"}`, `{"iterations":"0"}`, `{"depth":"3"}`, `{"l2":1}`, `no`} {
		if _, err := readParameters(text); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
	if _, err := shuffled(randomFlights(3), columnLate); err == nil {
		t.Error("the label was shuffled")
	}
}

func TestBadInputIsNamed(t *testing.T) {
	for name, content := range map[string]string{
		"empty":     "",
		"no rows":   "scheduled_departure,distance_miles,origin,destination,late\n",
		"no label":  "scheduled_departure,distance_miles,origin,destination\n2001-01-01T00:00:00Z,1,ATL,BOS\n",
		"bad time":  "scheduled_departure,distance_miles,origin,destination,late\n1 January,1,ATL,BOS,true\n",
		"bad label": "scheduled_departure,distance_miles,origin,destination,late\n2001-01-01T00:00:00Z,1,ATL,BOS,maybe\n",
	} {
		path := filepath.Join(t.TempDir(), dataFile)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readFlights(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one that names the file", name, err)
		}
	}
}

// newServer serves a small model of version 7.
func newServer(t *testing.T) *httptest.Server {
	t.Helper()
	m, err := fit(randomFlights(200), settings{l2: 0.01, iterations: 25})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(newHandler(m, "7"))
	t.Cleanup(server.Close)
	return server
}

func TestScoreAnswers(t *testing.T) {
	server := newServer(t)
	row := `{"scheduled_departure":"2001-02-06T21:00:00Z","distance_miles":500,"origin":"ATL","destination":"XXX"}`
	for body, want := range map[string]int{
		`{"data":[` + row + `]}`:      200,
		`[` + row + `,` + row + `]`:   200,
		``:                            400,
		`{}`:                          400,
		`null`:                        400,
		`{"data":[]}`:                 400,
		`[3]`:                         400,
		`{"data":[{"origin":"ATL"}]}`: 400,
		strings.Replace(`[`+row+`]`, "500", `"far"`, 1):      400,
		strings.Replace(`[`+row+`]`, "2001-02-06", "x", 1):   400,
		`{"data":[` + strings.Repeat(" ", maximumBody) + `]`: 413,
	} {
		response, err := http.Post(server.URL+"/score", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var a answer
		decoded := json.NewDecoder(response.Body).Decode(&a)
		response.Body.Close()
		if response.StatusCode != want || decoded != nil {
			t.Errorf("%.60q: status %d (%v), want %d", body, response.StatusCode, decoded, want)
		}
		if want == 200 && (a.ModelVersion != "7" || len(a.Predictions) != strings.Count(body, "origin")) {
			t.Errorf("%.60q: %+v, want one prediction per row by version 7", body, a)
		}
	}
}

func TestReplayCountsVersionsAndFailures(t *testing.T) {
	server := newServer(t)
	o := replayOptions{file: filepath.Join("..", "data", "days", "normal.csv"), url: server.URL + "/score", batch: 50, connections: 2}
	requests, err := requestBodies(o)
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t.Context(), o, requests); got.Failed != 0 || got.Versions["7"] != len(requests) || got.Rows < 1000 {
		t.Errorf("%+v, want every request answered by version 7", got)
	}
	o.url = server.URL + "/nowhere"
	if got := send(t.Context(), o, requests); got.Failed != len(requests) || got.FirstFailure == "" {
		t.Errorf("%+v, want every request to fail", got)
	}
}

// A replay that starts over ends when it is told to, and counts what it has begun.
func TestReplayEndsWhenTold(t *testing.T) {
	server := newServer(t)
	o := replayOptions{file: filepath.Join("..", "data", "days", "normal.csv"), url: server.URL + "/score", batch: 500, connections: 2}
	requests, err := requestBodies(o)
	if err != nil {
		t.Fatal(err)
	}
	o.until = filepath.Join(t.TempDir(), "stop")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan tally)
	go func() { ended <- send(ctx, o, requests) }()
	if err := os.WriteFile(o.until, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-ended; got.Failed != 0 {
		t.Errorf("%+v, want no failure", got)
	}
	o.until, o.duration = "", time.Hour
	go func() { ended <- send(ctx, o, requests) }()
	cancel()
	if got := <-ended; got.Failed != 0 {
		t.Errorf("%+v, want no failure", got)
	}
}

// Labels follow on their own, each with the correlation id of its answer and its row.
func TestReplayTellsWhatHappened(t *testing.T) {
	m, err := fit(randomFlights(200), settings{l2: 0.01, iterations: 25})
	if err != nil {
		t.Fatal(err)
	}
	scores := newHandler(m, "7")
	var lock sync.Mutex
	told, wrong := map[string]int{}, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/flight-delay/score" {
			lock.Lock()
			id := fmt.Sprint("c-", len(told))
			told[id] = 0
			lock.Unlock()
			w.Header().Set("X-Correlation-Id", id)
			r.URL.Path = "/score"
			scores.ServeHTTP(w, r)
			return
		}
		var body struct{ Labels []outcome }
		err := json.NewDecoder(r.Body).Decode(&body)
		lock.Lock()
		defer lock.Unlock()
		for row, label := range body.Labels {
			if told[label.CorrelationID]++; label.Row != row {
				wrong++
			}
		}
		if err != nil || r.URL.Path != "/flight-delay/feedback" {
			wrong++
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	o := replayOptions{
		file: filepath.Join("..", "data", "days", "normal.csv"), url: server.URL + "/flight-delay/score", batch: 50, connections: 2, feedback: true,
		since: time.Date(2001, 2, 6, 12, 0, 0, 0, time.UTC),
	}
	requests, err := requestBodies(o)
	if err != nil {
		t.Fatal(err)
	}
	got := send(t.Context(), o, requests)
	if got.Failed != 0 || got.Labels != got.Rows || got.Rows < 500 || got.Rows > 1400 || got.First.Before(o.since) || wrong > 0 {
		t.Errorf("%+v, %d wrong labels; want a label for every flight of the afternoon", got, wrong)
	}
	rows := 0
	for _, labels := range told {
		rows += labels
	}
	if rows != got.Rows {
		t.Errorf("%d labels arrived, want %d", rows, got.Rows)
	}
}

// A kilometre is shorter than a mile.
func TestReplayInKilometres(t *testing.T) {
	o := replayOptions{file: filepath.Join("..", "data", "days", "fault.csv"), batch: 1, kilometres: true}
	requests, err := requestBodies(o)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := parseRows(requests[0].body)
	if err != nil {
		t.Fatal(err)
	}
	file, err := readFlights(o.file)
	if err != nil {
		t.Fatal(err)
	}
	if want := file[0].distance * kilometresPerMile; sent[0].distance != want {
		t.Errorf("sent %g, want %g", sent[0].distance, want)
	}
}

// The program is a user's own: it has the container contract and nothing of the product.
func TestProgramDoesNotKnowTheProduct(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range file.Imports {
			if strings.Contains(imported.Path.Value, "terraform") {
				t.Errorf("%s imports %s", name, imported.Path.Value)
			}
		}
	}
}
