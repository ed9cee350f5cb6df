package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// LeavePath takes a POST from within the pod that says that the pod is about to go: see Leave.
const LeavePath = ownPaths + "leave"

// mostLeaving bounds how long a collector that leaves keeps idle connections.
const mostLeaving = time.Hour

// Leave tells the collector that listens there (a host and port of this machine) that its pod is about to go: nobody sends
// it new connections, but clients still have some, and go on asking on them. From now on each of its answers ends its
// connection, so that clients turn to others; after idle those end that nobody uses, and then the model may end without a
// request on its way to it.
func Leave(ctx context.Context, address string, idle time.Duration) error {
	target := url.URL{Scheme: "http", Host: address, Path: LeavePath, RawQuery: url.Values{"idle": {idle.String()}}.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return errors.Join(fmt.Errorf("collector at %s: %s: %s", address, response.Status, text), err)
	}
	return nil
}

// leave is the other end of Leave. Who is not on this machine (in this pod) may not say so.
func (c *Collector) leave(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		http.Error(w, "only what runs beside the collector may tell it to leave", http.StatusForbidden)
		return
	}
	idle, err := time.ParseDuration(r.URL.Query().Get("idle"))
	if r.Method != http.MethodPost || err != nil || idle < 0 || idle > mostLeaving {
		http.Error(w, "POST it with ?idle=4s, the time until idle connections end", http.StatusBadRequest)
		return
	}
	if c.leaving.CompareAndSwap(false, true) {
		c.options.Logger.Info("leaving", "idle", idle.String())
		c.parting <- idle
	}
	w.WriteHeader(http.StatusAccepted)
}

// part ends the connections that nobody uses, once the collector was told to leave and the time for that has come.
func (c *Collector) part(ctx context.Context, server *http.Server, front *front) {
	select {
	case idle := <-c.parting:
		select {
		case <-time.After(idle):
			front.each((*lane).closeIdle)
			server.SetKeepAlivesEnabled(false)
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
}
