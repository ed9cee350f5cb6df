package collect

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Why a request leaves no record.
const (
	skipNotScoring = "not_scoring"
	skipSampling   = "sampling"
	skipUpgrade    = "upgrade"
)

// Why a record that was made did not arrive.
const (
	lostLog      = "log_write"    // the log could not be written
	lostBacklog  = "backlog_full" // the store was away for longer than the log is large
	lostUnusable = "log_corrupt"  // a line of the log could not be read back
)

type metrics struct {
	registry *prometheus.Registry
	requests prometheus.Counter
	records  prometheus.Counter
	skipped  *prometheus.CounterVec
	bodies   *prometheus.CounterVec
	shipped  prometheus.Counter
	segments prometheus.Counter
	lost     *prometheus.CounterVec
	failures prometheus.Counter
	latency  prometheus.Histogram
	labels   prometheus.Counter
	refused  prometheus.Counter
}

// newMetrics registers every series at once, so that a counter is there, at zero, before it is first needed.
func newMetrics(log *wal, captures *budget) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "mlops_collect_" + name, Help: help})
	}
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mlops_collect_" + name, Help: help}, labels)
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mlops_collect_" + name, Help: help}, value)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("requests_total", "Requests that were forwarded."),
		records:  counter("records_total", "Records that were written to the log."),
		skipped:  vector("skipped_total", "Requests that leave no record, by reason.", "reason"),
		bodies:   vector("bodies_not_captured_total", "Bodies whose rows are not in their record, by reason.", "body", "reason"),
		shipped:  counter("shipped_records_total", "Records that the store has confirmed."),
		segments: counter("shipped_segments_total", "Segments that the store has confirmed."),
		lost:     vector("lost_records_total", "Records that will never arrive, by reason.", "reason"),
		failures: counter("store_failures_total", "Attempts to ship that failed and are made again."),
		labels:   counter("labels_total", "Labels of feedback that were written to the log."),
		refused:  counter("feedback_refused_total", "Calls of feedback that were not accepted."),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "mlops_collect_latency_seconds", Help: "From the request's header to the last byte of the answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}),
	}
	m.registry.MustRegister(m.requests, m.records, m.skipped, m.bodies, m.shipped, m.segments, m.lost, m.failures, m.latency, m.labels, m.refused,
		gauge("backlog_bytes", "Bytes of the log that the store has not confirmed.", func() float64 { bytes, _ := log.backlog(); return float64(bytes) }),
		gauge("backlog_records", "Records of the log that the store has not confirmed.", func() float64 { _, records := log.backlog(); return float64(records) }),
		gauge("upload_lag_seconds", "Age of the oldest record that the store has not confirmed.", func() float64 { return log.lag().Seconds() }),
		gauge("capture_bytes", "Memory that holds bodies in flight.", func() float64 { return float64(captures.used.Load()) }),
	)
	for _, reason := range []string{skipNotScoring, skipSampling, skipUpgrade} {
		m.skipped.WithLabelValues(reason)
	}
	for _, reason := range []string{lostLog, lostBacklog, lostUnusable} {
		m.lost.WithLabelValues(reason)
	}
	for _, reason := range record.Reasons {
		m.bodies.WithLabelValues("request", string(reason))
		m.bodies.WithLabelValues("response", string(reason))
	}
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
