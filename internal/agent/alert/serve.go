package alert

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Bounds of a delivery; Azure Monitor waits for an answer for ten seconds.
const (
	readTimeout  = 10 * time.Second
	writeTimeout = 30 * time.Second
	stopTimeout  = 5 * time.Second
)

// Serve takes alerts at a listener until ctx ends, and lets those that are being taken come to their end. Whatever stands in
// front of it speaks TLS: Azure Monitor calls https alone.
func Serve(ctx context.Context, listener net.Listener, receiver http.Handler, log hclog.Logger) error {
	server := &http.Server{
		Handler: receiver, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, MaxHeaderBytes: 64 << 10,
		ErrorLog: log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	log.Info("alerts are taken", "address", listener.Addr().String(), "path", Path)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if err := server.Shutdown(stopping); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return nil
	}
}
