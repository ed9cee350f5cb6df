package collect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Collector is one reverse proxy with its log and its way to the store.
type Collector struct {
	options  Options
	settings atomic.Pointer[inForce] // nil until they are known
	budget   *budget
	ids      *idSource
	home     *home
	log      *wal
	metrics  *metrics
	traffic  traffic
	skipped  skipped
	shipper  *shipper
	proxy    *httputil.ReverseProxy
	proxy2   *httputil.ReverseProxy // for HTTP/2 without TLS
	ready    atomic.Bool            // what it records can be accounted for
	prepared chan struct{}          // closed when ready
	finished chan struct{}          // closed when nothing is served any more
	leaving  atomic.Bool            // its pod is about to go
	parting  chan time.Duration     // of one place: when idle connections end
	target   string                 // the model's host and port
	open     sync.WaitGroup         // scoring requests in flight
}

// New opens the log and takes over what a predecessor of the same name left in it. Run must follow, or Close.
func New(given Options) (*Collector, error) {
	options, target, err := given.complete()
	if err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	c := &Collector{options: options, budget: &budget{limit: options.CaptureBudget}, ids: newIDSource(), prepared: make(chan struct{}), finished: make(chan struct{}), parting: make(chan time.Duration, 1)}
	c.metrics = newMetrics(func() *wal { return c.log }, c.budget)
	c.skipped = c.metrics.oftenSkipped()
	limits := options.journal()
	limits.Lost = c.lost
	c.home, err = openHome(options.WAL, constants{
		Deployment: options.Deployment, Model: options.Model, ModelVersion: options.ModelVersion, Instance: options.Instance,
		TimestampColumn: options.TimestampColumn, BodyLimit: options.BodyLimit,
	}, limits, options.Clock)
	if err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	c.log = c.home.log
	if kept, ok := c.home.keptSettings(); options.Follow == nil {
		c.apply(options.settings())
	} else if ok {
		c.apply(kept)
	}
	c.target = hostPort(target)
	c.shipper = newShipper(options, c.metrics, c.redaction)
	c.proxy, c.proxy2 = newProxy(target, options.Logger), newProxy2(target, options.Logger)
	return c, nil
}

// ServeHTTP forwards, and records what is to be recorded.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case MetricsPath:
		c.metrics.handler().ServeHTTP(w, r)
		return
	case HealthPath:
		c.health(w)
		return
	case ReadyPath:
		c.readiness(w)
		return
	case LeavePath:
		c.leave(w, r)
		return
	}
	if c.leaving.Load() {
		w.Header().Set("Connection", "close")
	}
	if !c.ready.Load() {
		w.Header().Set("Retry-After", "1")
		respond(w, http.StatusServiceUnavailable, map[string]any{"error": map[string]string{"code": "collector_not_ready", "message": "the collector cannot account for records yet: it waits for the project's store"}})
		return
	}
	if c.isFeedback(r) {
		c.feedback(w, r)
		return
	}
	c.metrics.requests.Inc()
	switch {
	case r.ProtoMajor >= 2:
		c.metrics.skipped.WithLabelValues(skipHTTP2).Inc()
		c.proxy2.ServeHTTP(w, r)
	case r.Header.Get("Upgrade") != "":
		c.metrics.skipped.WithLabelValues(skipUpgrade).Inc()
		c.proxy.ServeHTTP(w, r)
	default:
		// A model may answer before it has read the request: neither waits for the other.
		_ = http.NewResponseController(w).EnableFullDuplex()
		c.forward(w, r)
	}
}

func (c *Collector) forward(w http.ResponseWriter, r *http.Request) {
	if !scoring(c.options.ScorePath, r.Method, r.URL.Path) {
		c.skipped.notScoring.Inc()
		c.proxy.ServeHTTP(w, r)
		return
	}
	c.open.Add(1)
	defer c.open.Done()
	e := c.begin(r.Context(), correlationID(r.Header), r.URL.Path)
	if e.recorded {
		e.requestEncoding, e.requestLength = encodingOf(r.Header), r.ContentLength
	}
	c.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e)))
}

// scoring says whether a request is one that is recorded.
func scoring[T string | []byte](scorePath string, method, path T) bool {
	return string(method) == http.MethodPost && (scorePath == "" || string(path) == scorePath)
}

// admitted is what is decided of a scoring request when it comes.
type admitted struct {
	started       time.Time
	correlationID string
	path          string
	sampling      int  // percentage by which it was chosen
	recorded      bool // false for one that is sampled out
}

func (c *Collector) admit(correlationID, path string) admitted {
	c.traffic.came.Add(1)
	a := admitted{started: c.options.Clock(), correlationID: correlationID, path: path, sampling: c.settings.Load().SamplingPercentage}
	if a.recorded = sampled(correlationID, a.sampling); !a.recorded {
		c.skipped.sampling.Inc()
	}
	return a
}

// captured is what passed, but for its answer.
func (c *Collector) captured(a admitted, status int, complete bool, problem string, request half) captured {
	latency := max(0, c.options.Clock().Sub(a.started))
	c.metrics.latency.Observe(latency.Seconds())
	c.traffic.note(status, complete, latency)
	return captured{
		id: c.ids.next(), correlationID: a.correlationID, path: a.path, started: a.started.UTC(), latency: latency,
		status: status, complete: complete, problem: problem, sampling: a.sampling, request: request,
	}
}

func (c *Collector) begin(client context.Context, correlationID, path string) *exchange {
	e := &exchange{collector: c, client: client, admitted: c.admit(correlationID, path)}
	if e.recorded {
		e.request = newCapture(c.options.BodyLimit, c.budget)
	}
	return e
}

// health says whether records can be written; whether the model is well is the model's own to say.
func (c *Collector) health(w http.ResponseWriter) {
	if err := c.log.healthy(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// readiness says whether requests are taken.
func (c *Collector) readiness(w http.ResponseWriter) {
	if !c.ready.Load() {
		http.Error(w, "the store does not know of this collector yet", http.StatusServiceUnavailable)
		return
	}
	c.health(w)
}

// write appends what was captured to the log. What cannot be written is counted; the request goes on.
func (c *Collector) write(client context.Context, passed captured) {
	c.written(passed, c.log.exchange(waiting(client, c.log), passed, c.renderer()))
}

// mostAtOnce is how much may be redacted while others wait, in bytes.
const mostAtOnce = 16 << 10

// tryWrite does the same where nobody has to wait for it; false where somebody would.
func (c *Collector) tryWrite(passed captured) bool {
	r := c.renderer()
	if !r.redact.Empty() && (passed.request.encoding != "" || passed.answer.encoding != "" || len(passed.request.body)+len(passed.answer.body) > mostAtOnce) {
		return false
	}
	err := c.log.exchange(c.log.TryAppend, passed, r)
	if errors.Is(err, journal.ErrWait) {
		return false
	}
	c.written(passed, err)
	return true
}

func (c *Collector) renderer() renderer {
	return renderer{constants: c.home.owner.constants, redact: c.redaction(), notCaptured: c.shipper.bodies}
}

func (c *Collector) written(passed captured, err error) {
	if err != nil {
		c.options.Logger.Error("a record could not be logged and is lost", "record", passed.id, "error", err.Error())
		return
	}
	c.metrics.records.Inc()
}

// redaction is what is redacted now. Nothing is captured before the settings are known.
func (c *Collector) redaction() record.Redaction {
	if known := c.settings.Load(); known != nil {
		return known.redact
	}
	return record.Redaction{}
}

func (c *Collector) lost(reason journal.Reason, count int64) {
	c.metrics.lost.WithLabelValues(string(reason)).Add(float64(count))
	c.options.Logger.Error("records are lost", "reason", string(reason), "records", count)
}
