package collect

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/wholebody"
)

// Paths of the collector itself; everything else is the model's.
const (
	ownPaths    = "/-/mlops/"
	MetricsPath = ownPaths + "metrics"
	HealthPath  = ownPaths + "healthz" // records can be written
	ReadyPath   = ownPaths + "readyz"  // and requests are taken
)

// keepIdle is shorter than the five seconds after which common model servers close an idle connection: a request on a
// connection that the other side is closing would fail, and a POST cannot be sent again.
const keepIdle = 4 * time.Second

// flushAfter passes on what waits of a slow answer; answers without a length are passed on at once.
const flushAfter = 20 * time.Millisecond

func newProxy(target *url.URL, logger hclog.Logger) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			DisableCompression:    true, // bodies pass as they are
			MaxIdleConns:          1024,
			MaxIdleConnsPerHost:   1024,
			IdleConnTimeout:       keepIdle,
			ExpectContinueTimeout: time.Second,
		},
		FlushInterval: flushAfter,
		BufferPool:    &buffers{},
		ErrorLog:      logger.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
		Rewrite:       func(r *httputil.ProxyRequest) { rewrite(r, target) },
		ModifyResponse: func(response *http.Response) error {
			if body, ok := response.Request.Body.(*requestBody); ok && !body.Ended() {
				response.Header.Set("Connection", "close") // what is left of the request is no request
			}
			if e := exchangeOf(response.Request.Context()); e != nil {
				e.answered(response)
			}
			return nil
		},
		ErrorHandler: refuse,
	}
}

// newProxy2 passes HTTP/2 without TLS on as it comes, streams and trailers of gRPC among it; nothing of it is captured.
func newProxy2(target *url.URL, logger hclog.Logger) *httputil.ReverseProxy {
	transport := &http.Transport{
		DialContext:        (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		DisableCompression: true, Protocols: new(http.Protocols),
	}
	transport.Protocols.SetUnencryptedHTTP2(true)
	proxy := newProxy(target, logger)
	proxy.Transport, proxy.FlushInterval, proxy.ModifyResponse = transport, -1, nil
	return proxy
}

// hostPort is where a target listens.
func hostPort(target *url.URL) string {
	if target.Port() == "" {
		return net.JoinHostPort(target.Hostname(), "80")
	}
	return target.Host
}

// rewrite points the request at the model and leaves it as it came, but for one more address in X-Forwarded-For.
func rewrite(r *httputil.ProxyRequest, target *url.URL) {
	r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	r.Out.Host = r.In.Host
	for _, name := range []string{"Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
	forwarded := r.In.Header["X-Forwarded-For"]
	if client, _, err := net.SplitHostPort(r.In.RemoteAddr); err == nil {
		r.Out.Header.Set("X-Forwarded-For", strings.Join(append(slices.Clip(forwarded), client), ", "))
	}
	body := &requestBody{Body: wholebody.New(r.Out.Body, r.Out.ContentLength)}
	if e := exchangeOf(r.In.Context()); e != nil {
		r.Out.Header.Set(CorrelationHeader, e.correlationID)
		body.capture = e.request
	}
	if r.Out.Body != nil {
		r.Out.Body = body
	}
}

// refuse answers where the model did not.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, code, message := explain(r.Context(), err)
	if e := exchangeOf(r.Context()); e != nil {
		status, code, message = e.refused(status, code, message)
		w.Header().Set(CorrelationHeader, e.correlationID)
	}
	if status == record.StatusClientGone {
		panic(http.ErrAbortHandler) // nobody is there to be answered
	}
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close") // its body may not have been read to its end
	}
	respond(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

// explain says in our own words why there is no answer.
func explain(ctx context.Context, err error) (status int, code, message string) {
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return record.StatusClientGone, "client_gone", errorClientGone
	case errors.Is(err, syscall.ECONNREFUSED):
		return http.StatusBadGateway, "model_unavailable", "the model refused the connection: it has not started yet, or has ended"
	case errors.As(err, &timeout) && timeout.Timeout():
		return http.StatusBadGateway, "model_unavailable", "the model did not accept the connection in time"
	default:
		return http.StatusBadGateway, "model_failed", "the model closed the connection, or sent no valid HTTP answer"
	}
}

// buffers lends the copy buffers of answers.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
