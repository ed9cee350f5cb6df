package collect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Run serves until ctx ends; then it accepts no more, finishes what is in flight, ships the log, and leaves what could not be
// shipped within the grace period to whoever adopts it. The error is that of the listener.
func (c *Collector) Run(ctx context.Context, listener net.Listener) error {
	spare := &unused{connections: map[net.Conn]bool{}}
	server := c.server(spare)
	instance := c.options.Instance // as it is asked for; the store may know another that has it
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	if c.options.Follow != nil {
		background.Go(func() { c.follow(working) })
	}
	background.Go(func() { c.work(working) })
	if c.options.Measure != nil {
		background.Go(func() { c.measure(working) })
	}
	background.Go(func() { c.mark(working) })
	select { // clients that connect meanwhile wait; after that they are told
	case <-c.prepared:
	case <-time.After(patientStart):
	case <-ctx.Done():
	}
	front := newFront(c, listener, c.target)
	failed := make(chan error, 1)
	go func() { failed <- front.serve() }()
	background.Go(func() { _ = server.Serve(front) })
	background.Go(func() { c.part(working, server, front) })
	c.options.Logger.Info("collecting", "deployment", c.options.Deployment, "instance", instance,
		"listen", listener.Addr().String(), "target", c.options.Target, "model_version", c.options.ModelVersion)

	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("collect: %w", err)
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.options.Grace)
	defer cancel()
	c.drainRequests(deadline, server, front)
	stopWorking()
	background.Wait()
	return errors.Join(err, c.Close(deadline))
}

// patientStart is how long a collector waits for the store before it says that it is not ready.
const patientStart = 2 * time.Second

func (c *Collector) server(spare *unused) *http.Server {
	server := &http.Server{
		Handler: c, ConnState: spare.note, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: mostHeader,
		Protocols: new(http.Protocols),
		ErrorLog:  c.options.Logger.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	server.RegisterOnShutdown(spare.close)
	return server
}

// mostHeader bounds the headers of a request; net/http adds some slack.
const mostHeader = 64 << 10

// work claims the instance's name, and then ships, its own and what others have left, until ctx ends.
func (c *Collector) work(ctx context.Context) {
	if c.prepare(ctx) != nil {
		return
	}
	c.shipper.gentle = true
	defer func() { c.shipper.gentle = false }()
	flush := flushing{idle: c.options.FlushInterval, age: c.options.FlushAge}
	look := time.NewTicker(flush.look())
	defer look.Stop()
	adopted := time.Time{}
	for {
		if time.Since(adopted) >= c.options.AdoptInterval {
			c.adopt(ctx)
			adopted = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case now := <-look.C:
			if idle, age := flush.due(now); c.log.SealDue(idle, age) && idle < age {
				flush.sealed()
			}
		case <-c.log.Ready():
		}
		if c.shipper.drain(ctx, c.home) != nil {
			return
		}
	}
}

// prepare opens the gate once the store knows of this instance and the settings are known: from then on what is missing can
// be seen, and what is redacted is not written.
func (c *Collector) prepare(ctx context.Context) error {
	return c.shipper.insist(ctx, c.options.Instance, func() (bool, error) {
		if err := c.home.claim(ctx, c.options.Store); err != nil {
			return false, err
		}
		if c.settings.Load() == nil {
			return false, errors.New("the deployment's settings are not known yet")
		}
		c.options.Instance = c.home.owner.Instance
		c.ready.Store(true)
		close(c.prepared)
		return true, nil
	})
}

func (c *Collector) adopt(ctx context.Context) {
	_, err := c.shipper.adopt(ctx, c.options.WAL, c.options.Deployment, c.options.Instance, c.home.lock.Folder, c.options.journal())
	if err != nil && ctx.Err() == nil {
		c.options.Logger.Warn("what other collectors have left cannot be shipped", "error", err.Error())
	}
}

// drainRequests leaves a quarter of the grace period to shipping.
func (c *Collector) drainRequests(ctx context.Context, server *http.Server, front *front) {
	waiting, cancel := context.WithTimeout(ctx, c.options.Grace*3/4)
	defer cancel()
	server.SetKeepAlivesEnabled(false)
	err := front.stop(waiting)
	close(c.finished)
	if err = errors.Join(err, server.Shutdown(waiting)); err == nil {
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

// Close ships what is in the log until ctx ends, closes the instance, and removes its folder. What cannot be shipped in time
// stays there.
func (c *Collector) Close(ctx context.Context) error {
	c.log.Seal()
	err := c.shipper.deliver(ctx, c.home, c.options.Instance)
	for _, proxy := range []http.RoundTripper{c.proxy.Transport, c.proxy2.Transport} {
		if transport, ok := proxy.(*http.Transport); ok {
			transport.CloseIdleConnections()
		}
	}
	if err == nil {
		return nil
	}
	_, records := c.log.Backlog()
	c.options.Logger.Warn("the store was away: records stay in the log for the next collector", "folder", c.home.lock.Folder, "records", records, "error", err.Error())
	if err := c.home.leave(); err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	return nil
}
