package collect

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Why a request leaves no record.
const (
	skipNotScoring = "not_scoring"
	skipSampling   = "sampling"
	skipUpgrade    = "upgrade" // a WebSocket or the like
	skipHTTP2      = "http2"   // gRPC
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
func newMetrics(log func() *wal, captures *budget) *metrics {
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
		gauge("backlog_bytes", "Bytes of the log that the store has not confirmed.", ofLog(log, func(w *wal) float64 { bytes, _ := w.Backlog(); return float64(bytes) })),
		gauge("backlog_records", "Records of the log that the store has not confirmed.", ofLog(log, func(w *wal) float64 { _, records := w.Backlog(); return float64(records) })),
		gauge("log_limit_bytes", "Bytes that the log may hold.", ofLog(log, func(w *wal) float64 { return float64(w.Limit()) })),
		gauge("upload_lag_seconds", "Age of the oldest record that the store has not confirmed.", ofLog(log, func(w *wal) float64 { return w.Lag().Seconds() })),
		gauge("capture_bytes", "Memory that holds bodies in flight.", func() float64 { return float64(captures.used.Load()) }),
	)
	for _, reason := range []string{skipNotScoring, skipSampling, skipUpgrade, skipHTTP2} {
		m.skipped.WithLabelValues(reason)
	}
	for _, reason := range journal.Reasons {
		m.lost.WithLabelValues(string(reason))
	}
	for _, reason := range record.Reasons {
		m.bodies.WithLabelValues("request", string(reason))
		m.bodies.WithLabelValues("response", string(reason))
	}
	return m
}

// skipped are the counters that many requests need, looked up once.
type skipped struct{ notScoring, sampling prometheus.Counter }

func (m *metrics) oftenSkipped() skipped {
	return skipped{m.skipped.WithLabelValues(skipNotScoring), m.skipped.WithLabelValues(skipSampling)}
}

// ofLog is zero as long as there is no log.
func ofLog(log func() *wal, value func(*wal) float64) func() float64 {
	return func() float64 {
		if w := log(); w != nil {
			return value(w)
		}
		return 0
	}
}

// sum is what a counter has come to.
func (m *metrics) sum(of prometheus.Counter) int64 {
	var read dto.Metric
	if of.Write(&read) != nil {
		return 0 // a counter can always be read
	}
	return int64(read.GetCounter().GetValue())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
