package collect

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// traffic is what machines hear of scoring requests since they heard last: how many came, and, of those that are recorded, how
// many failed and how long they took. Latencies are counted in classes that grow by a tenth, from 100 µs.
type traffic struct {
	came, answered, failed atomic.Int64
	classes                [latencyClasses]atomic.Int64
}

const (
	latencyClasses = 160 // up to some six minutes
	firstLatency   = 100 * time.Microsecond
	latencyGrowth  = 1.1
)

var logGrowth = math.Log(latencyGrowth)

// note counts an answer. A failure is the model's: a status of 500 and above, or an answer that broke off; a client that left
// has seen none.
func (t *traffic) note(status int, complete bool, latency time.Duration) {
	t.answered.Add(1)
	if status >= 500 || !complete && status != record.StatusClientGone {
		t.failed.Add(1)
	}
	class := 0
	if latency > firstLatency {
		class = int(math.Ceil(math.Log(float64(latency)/float64(firstLatency)) / logGrowth))
	}
	t.classes[min(class, latencyClasses-1)].Add(1)
}

// tell takes out what was counted and says it. Failures are those of the recorded requests, scaled to all that came.
func (t *traffic) tell(deployment string, at time.Time) []mlops.Measurement {
	came, answered, failed := t.came.Swap(0), t.answered.Swap(0), t.failed.Swap(0)
	var counts [latencyClasses]int64
	var total int64
	for i := range t.classes {
		counts[i] = t.classes[i].Swap(0)
		total += counts[i]
	}
	labels := map[string]string{labelDeployment: deployment}
	say := func(name string, value float64) mlops.Measurement {
		return mlops.Measurement{Name: name, Labels: labels, Value: value, Time: at}
	}
	failures := 0.0
	if answered > 0 {
		failures = min(1, float64(failed)/float64(answered)) * float64(came)
	}
	said := []mlops.Measurement{say(mlops.MetricRequests, float64(came)), say(mlops.MetricRequestFailures, failures)}
	if total > 0 {
		said = append(said, say(mlops.MetricRequestP95, percentile95(counts, total)))
	}
	return said
}

const labelDeployment = "deployment"

// percentile95 is the upper bound, in seconds, of the class that holds it.
func percentile95(counts [latencyClasses]int64, total int64) float64 {
	rank, seen := int64(math.Ceil(0.95*float64(total))), int64(0)
	for class, count := range counts {
		if seen += count; seen >= rank {
			return firstLatency.Seconds() * math.Pow(latencyGrowth, float64(class))
		}
	}
	return firstLatency.Seconds() * math.Pow(latencyGrowth, latencyClasses-1)
}

// measure tells machines of the traffic from time to time, and at the end.
func (c *Collector) measure(ctx context.Context) {
	ticker := time.NewTicker(c.options.MeasureInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
		err := c.options.Measure(context.WithoutCancel(ctx), c.traffic.tell(c.options.Deployment, c.options.Clock().UTC()))
		if err != nil {
			c.options.Logger.Warn("the traffic could not be told", "error", err.Error())
		}
		if ctx.Err() != nil {
			return
		}
	}
}
