package collect

import (
	"context"
	"math"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// What is told is what happened since it was told last; failures of a sample stand for all.
func TestTrafficIsToldOnce(t *testing.T) {
	var seen traffic
	for i := range 200 {
		seen.came.Add(1)
		if i%2 == 0 { // half of it is recorded
			status, complete, latency := 200, true, 20*time.Millisecond
			switch {
			case i < 20:
				status = 503
			case i < 30:
				complete = false // broke off
			case i < 40:
				status, complete = record.StatusClientGone, false
			case i >= 188: // the slowest six of a hundred
				latency = 300 * time.Millisecond
			}
			seen.note(status, complete, latency)
		}
	}
	said := map[string]float64{}
	for _, one := range seen.tell("delay", time.Unix(0, 0)) {
		if len(one.Labels) != 1 || one.Labels["deployment"] != "delay" {
			t.Errorf("labels %v", one.Labels)
		}
		said[one.Name] = one.Value
	}
	if said[mlops.MetricRequests] != 200 || said[mlops.MetricRequestFailures] != 30 {
		t.Errorf("said %v, want 200 requests and 30 failures", said)
	}
	if p95 := said[mlops.MetricRequestP95]; math.Abs(p95-0.3) > 0.03 {
		t.Errorf("the percentile is %v s, want 0.3 within a class", p95)
	}
	again := seen.tell("delay", time.Unix(60, 0))
	if len(again) != 2 || again[0].Value != 0 || again[1].Value != 0 {
		t.Errorf("said again: %v, want two zeros: a latency of nothing is none", again)
	}
	seen.note(200, true, time.Hour)
	seen.note(200, true, 0)
	if got := seen.tell("delay", time.Unix(0, 0)); len(got) != 3 {
		t.Errorf("the fastest and the slowest: %v", got)
	}
}

// What a collector has counted is told when it ends.
func TestTrafficIsToldAtTheEnd(t *testing.T) {
	var mutex sync.Mutex
	said := map[string]float64{}
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Fail") != "" {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		score(w, r)
	}, func(o *Options) {
		o.MeasureInterval = time.Hour
		o.Measure = func(_ context.Context, told []mlops.Measurement) error {
			mutex.Lock()
			defer mutex.Unlock()
			for _, one := range told {
				said[one.Name] += one.Value
			}
			return nil
		}
	})
	s.post("/score", oneRow)
	s.post("/score", oneRow, "X-Fail", "1")
	s.post("/other", oneRow)
	s.records() // stops it
	mutex.Lock()
	defer mutex.Unlock()
	if said[mlops.MetricRequests] != 2 || said[mlops.MetricRequestFailures] != 1 || said[mlops.MetricRequestP95] <= 0 {
		t.Errorf("said %v, want two requests, and one that failed", said)
	}
}
