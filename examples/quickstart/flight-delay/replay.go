package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"
)

// kilometresPerMile is the sensor fault on demand: the distance arrives in another unit under the same name.
const kilometresPerMile = 1.609344

// replayOptions say what to send, where and for how long.
type replayOptions struct {
	file        string
	url         string
	kilometres  bool
	batch       int
	connections int
	rate        float64       // requests a second, 0 for as fast as answers come
	duration    time.Duration // keep starting over for so long, 0 for one pass
	until       string        // keep starting over until this file exists
	since       time.Time     // leave out what departed before
	feedback    bool          // send the true outcome of each flight afterwards
}

// tally is what came back, printed as one line of JSON.
type tally struct {
	Requests     int            `json:"requests"`
	Rows         int            `json:"rows"`
	Failed       int            `json:"failed"`
	FirstFailure string         `json:"first_failure,omitempty"`
	Versions     map[string]int `json:"versions"` // requests by the model version that answered
	Labels       int            `json:"labels"`   // true outcomes that were accepted
	First        time.Time      `json:"first,omitzero"`
	Last         time.Time      `json:"last,omitzero"` // first and last departure sent
	Seconds      float64        `json:"seconds"`
}

// replay sends the flights of a file as scoring requests with their own timestamps, without the label; with --feedback the
// labels follow on their own, as they would once the flights have landed.
func replay(ctx context.Context, arguments []string) error {
	var o replayOptions
	flags := flag.NewFlagSet("replay", flag.ExitOnError)
	flags.StringVar(&o.file, "file", "", "CSV file with flights")
	flags.StringVar(&o.url, "url", "", "scoring URL, as in http://127.0.0.1:8765/flight-delay/score")
	flags.BoolVar(&o.kilometres, "kilometres", false, "break the sensor: send the distance in kilometres")
	flags.IntVar(&o.batch, "batch", 20, "flights in one request")
	flags.IntVar(&o.connections, "connections", 4, "requests at a time")
	flags.Float64Var(&o.rate, "rate", 0, "requests a second; 0 sends as fast as answers come")
	flags.DurationVar(&o.duration, "duration", 0, "keep starting over for so long, as in 30s")
	flags.StringVar(&o.until, "until", "", "keep starting over until this file exists, or until SIGTERM")
	flags.BoolVar(&o.feedback, "feedback", false, "send what happened to each flight afterwards, to /feedback beside the scoring URL")
	flags.Func("since", "leave out flights that departed before this `time`, as in 2001-02-14T00:00:00Z", func(text string) (err error) {
		o.since, err = time.Parse(time.RFC3339, text)
		return err
	})
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if o.file == "" || o.url == "" || o.batch < 1 || o.connections < 1 || o.rate < 0 {
		return errors.New("give --file and --url; --batch and --connections are at least 1, --rate is not negative")
	}
	bodies, err := requestBodies(o)
	if err != nil {
		return err
	}
	started := time.Now()
	result := send(ctx, o, bodies)
	result.Seconds = time.Since(started).Seconds()
	line, err := json.Marshal(result)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	if result.Failed > 0 {
		return fmt.Errorf("%d of %d requests failed; the first: %s", result.Failed, result.Requests, result.FirstFailure)
	}
	return nil
}

// request is one body, made before the clock starts.
type request struct {
	body        []byte
	rows        int
	first, last time.Time
	late        []bool // what happened, by row; not part of the body
}

// requestBodies renders a file as scoring requests of at most o.batch rows.
func requestBodies(o replayOptions) ([]request, error) {
	flights, err := readFlights(o.file)
	if err != nil {
		return nil, err
	}
	flights = slices.DeleteFunc(flights, func(f flight) bool { return f.departure.Before(o.since) })
	var requests []request
	for start := 0; start < len(flights); start += o.batch {
		part := flights[start:min(start+o.batch, len(flights))]
		rows, late := make([]scoringRow, len(part)), make([]bool, len(part))
		for i, f := range part {
			late[i] = f.late
			if o.kilometres {
				f.distance *= kilometresPerMile
			}
			rows[i] = scoringRow{Departure: &f.departure, Distance: &f.distance, Origin: &f.origin, Destination: &f.destination}
		}
		body, err := json.Marshal(map[string]any{"data": rows})
		if err != nil {
			return nil, err
		}
		requests = append(requests, request{body: body, rows: len(part), first: part[0].departure, last: part[len(part)-1].departure, late: late})
	}
	return requests, nil
}

// send replays the requests over o.connections connections: once, or again and again until told to stop. A request
// that was begun is always finished and counted.
func send(ctx context.Context, o replayOptions, requests []request) tally {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: o.connections}}
	defer client.CloseIdleConnections()
	queue := make(chan request)
	total := tally{Versions: map[string]int{}}
	var lock sync.Mutex
	var workers sync.WaitGroup
	for range o.connections {
		workers.Go(func() {
			for r := range queue {
				version, correlationID, err := post(client, o.url, r)
				labels := 0
				if err == nil && o.feedback {
					labels, err = tell(client, o.url, r, correlationID)
				}
				lock.Lock()
				total.add(r, version, err)
				total.Labels += labels
				lock.Unlock()
			}
		})
	}
	feed(ctx, o, requests, queue)
	close(queue)
	workers.Wait()
	return total
}

// feed puts the requests into the queue, at o.rate where there is one, until it is enough.
func feed(ctx context.Context, o replayOptions, requests []request, queue chan<- request) {
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	var pace <-chan time.Time // nil: as fast as answers come
	if o.rate > 0 {
		ticker := time.NewTicker(time.Duration(float64(time.Second) / o.rate))
		defer ticker.Stop()
		pace = ticker.C
	}
	for {
		for _, r := range requests {
			if pace != nil {
				select {
				case <-pace:
				case <-ctx.Done():
					return
				}
			}
			if o.until != "" && exists(o.until) {
				return
			}
			select {
			case queue <- r:
			case <-ctx.Done():
				return
			}
		}
		if o.duration == 0 && o.until == "" {
			return
		}
	}
}

// post sends one request and returns the version that answered it, and the correlation id of the answer.
func post(client *http.Client, address string, r request) (version, correlationID string, err error) {
	body, header, err := exchange(client, address, r.body, http.StatusOK)
	if err != nil {
		return "", "", err
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return "", "", fmt.Errorf("the answer is not JSON: %w", err)
	}
	if len(a.Predictions) != r.rows {
		return "", "", fmt.Errorf("%d predictions for %d rows", len(a.Predictions), r.rows)
	}
	return a.ModelVersion, header.Get("X-Correlation-Id"), nil
}

// outcome is what happened to one row of a request.
type outcome struct {
	CorrelationID string `json:"correlation_id"`
	Row           int    `json:"row"`
	Label         bool   `json:"label"`
}

// tell sends what happened to the flights of a request that was answered, and returns how many labels were accepted.
func tell(client *http.Client, scoreURL string, r request, correlationID string) (int, error) {
	if correlationID == "" {
		return 0, errors.New("feedback: the answer has no X-Correlation-Id: is there a collector before the model?")
	}
	outcomes := make([]outcome, len(r.late))
	for row, late := range r.late {
		outcomes[row] = outcome{CorrelationID: correlationID, Row: row, Label: late}
	}
	body, err := json.Marshal(map[string]any{"labels": outcomes})
	if err != nil {
		return 0, err
	}
	score, err := url.Parse(scoreURL)
	if err != nil {
		return 0, err
	}
	if _, _, err := exchange(client, score.JoinPath("..", "feedback").String(), body, http.StatusAccepted); err != nil {
		return 0, fmt.Errorf("feedback: %w", err)
	}
	return len(outcomes), nil
}

// exchange posts JSON and reads the whole answer; another status than the wanted one is an error.
func exchange(client *http.Client, address string, body []byte, want int) ([]byte, http.Header, error) {
	response, err := client.Post(address, "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, err
	}
	if response.StatusCode != want {
		return nil, nil, fmt.Errorf("%s: %.200s", response.Status, answered)
	}
	return answered, response.Header, nil
}

// add counts one request.
func (t *tally) add(r request, version string, err error) {
	t.Requests++
	t.Rows += r.rows
	if err != nil {
		t.Failed++
		if t.FirstFailure == "" {
			t.FirstFailure = err.Error()
		}
		return
	}
	t.Versions[version]++
	if t.First.IsZero() || r.first.Before(t.First) {
		t.First = r.first
	}
	if r.last.After(t.Last) {
		t.Last = r.last
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
