package collect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Collector is one reverse proxy with its log and its way to the store.
type Collector struct {
	options Options
	redact  record.Redaction
	budget  *budget
	log     *wal
	metrics *metrics
	shipper *shipper
	proxy   *httputil.ReverseProxy
	open    sync.WaitGroup // scoring requests in flight
}

// New opens the log and takes over what a predecessor left in it. Close or Run must follow.
func New(given Options) (*Collector, error) {
	options, target, err := given.complete()
	if err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	c := &Collector{redact: record.NewRedaction(options.Redact...), budget: &budget{limit: options.CaptureBudget}}
	limits := walLimits{records: options.FlushRecords, bytes: options.FlushBytes, backlog: options.BacklogLimit}
	if c.log, err = openWAL(options.WAL, limits, options.Clock, c.dropped); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	if options.Instance == "" {
		if options.Instance, err = instanceIn(options.WAL); err != nil {
			return nil, errors.Join(fmt.Errorf("collect: %w", err), c.log.close())
		}
	}
	c.options = options
	c.metrics = newMetrics(c.log, c.budget)
	c.shipper = &shipper{store: options.Store, log: c.log, metrics: c.metrics, logger: options.Logger, longest: options.LongestRetry}
	c.proxy = newProxy(target, options.Logger)
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
	}
	if c.isFeedback(r) {
		c.feedback(w, r)
		return
	}
	c.metrics.requests.Inc()
	// A model may answer before it has read the request: neither waits for the other. What is not HTTP/1 is so anyway.
	_ = http.NewResponseController(w).EnableFullDuplex()
	if r.Method != http.MethodPost || c.options.ScorePath != "" && r.URL.Path != c.options.ScorePath {
		c.metrics.skipped.WithLabelValues(skipNotScoring).Inc()
		c.proxy.ServeHTTP(w, r)
		return
	}
	c.open.Add(1)
	defer c.open.Done()
	e := c.begin(r)
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e))
	c.proxy.ServeHTTP(w, r)
}

func (c *Collector) begin(r *http.Request) *exchange {
	e := &exchange{collector: c, started: c.options.Clock(), correlationID: correlationID(r.Header), path: r.URL.Path}
	if !sampled(e.correlationID, c.options.SamplingPercentage) {
		c.metrics.skipped.WithLabelValues(skipSampling).Inc()
		return e
	}
	e.request = newCapture(c.options.BodyLimit, c.budget)
	e.requestHeader, e.requestLength = r.Header, r.ContentLength
	return e
}

// health says whether records can be written; whether the model is well is the model's own to say.
func (c *Collector) health(w http.ResponseWriter) {
	if err := c.log.healthy(); err != nil {
		http.Error(w, "the log cannot be written: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// write appends a record to the log. A record that cannot be written is counted; the request goes on.
func (c *Collector) write(r record.Record) {
	encoded, err := r.Encode()
	if err == nil {
		err = c.log.append(encoded)
	}
	if err != nil {
		c.metrics.lost.WithLabelValues(lostLog).Inc()
		c.options.Logger.Error("a record could not be logged and is lost", "record", r.ID, "error", err.Error())
		return
	}
	c.metrics.records.Inc()
}

func (c *Collector) notCaptured(body string, err error) string {
	var reason record.Reason
	if !errors.As(err, &reason) {
		reason = record.ReasonNotTabular
	}
	c.metrics.bodies.WithLabelValues(body, string(reason)).Inc()
	return record.NotCaptured + string(reason)
}

func (c *Collector) dropped(records int64) {
	c.metrics.lost.WithLabelValues(lostBacklog).Add(float64(records))
	c.options.Logger.Error("the log is full and the store is away: the oldest records are lost", "records", records)
}

// Run serves until ctx ends; then it accepts no more, finishes what is in flight, ships the log, and leaves what could not be
// shipped within the grace period to its successor. The error is that of the listener.
func (c *Collector) Run(ctx context.Context, listener net.Listener) error {
	spare := &unused{connections: map[net.Conn]bool{}}
	server := &http.Server{
		Handler: c, ConnState: spare.note, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: c.options.Logger.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	server.RegisterOnShutdown(spare.close)
	shipping, stopShipping := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { c.shipper.run(shipping, c.options.FlushInterval) })
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	c.options.Logger.Info("collecting", "deployment", c.options.Deployment, "instance", c.options.Instance,
		"listen", listener.Addr().String(), "target", c.options.Target, "model_version", c.options.ModelVersion)

	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("collect: %w", err)
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.options.Grace)
	defer cancel()
	c.drainRequests(deadline, server)
	stopShipping()
	background.Wait()
	return errors.Join(err, c.Close(deadline))
}

// drainRequests leaves a quarter of the grace period to shipping.
func (c *Collector) drainRequests(ctx context.Context, server *http.Server) {
	waiting, cancel := context.WithTimeout(ctx, c.options.Grace*3/4)
	defer cancel()
	err := server.Shutdown(waiting)
	if err == nil {
		return
	}
	c.options.Logger.Warn("requests were still in flight at the end of the grace period and are cut off", "error", err.Error())
	_ = server.Close()
	ended := make(chan struct{})
	go func() { c.open.Wait(); close(ended) }()
	select {
	case <-ended: // those that were cut off have left their records, too
	case <-time.After(c.options.Grace / 8):
	}
}

// Close ships what is in the log until ctx ends, and closes it.
func (c *Collector) Close(ctx context.Context) error {
	c.log.seal()
	if err := c.shipper.drain(ctx); err != nil {
		_, records := c.log.backlog()
		c.options.Logger.Warn("the store was away: records stay in the log for the next collector in this folder", "folder", c.options.WAL, "records", records)
	}
	if transport, ok := c.proxy.Transport.(*http.Transport); ok {
		transport.CloseIdleConnections()
	}
	if err := c.log.close(); err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	return nil
}
