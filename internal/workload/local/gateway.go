package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/wholebody"
)

const (
	dialTimeout      = 5 * time.Second
	maximumReplayed  = 1 << 20 // bytes of a request body that is kept, so that a stale connection costs nobody a request
	gatewayStopAfter = 10 * time.Second
)

// gateway gives every service the stable address http://127.0.0.1:<port>/<service>/ and spreads requests over its ready
// replicas. It never says what a request holds.
type gateway struct {
	routes *routes
	proxy  *httputil.ReverseProxy
	log    hclog.Logger
	server *http.Server
	port   int // 0 until it listens
	// metrics answers for numbers about the project and its services; nil where nobody keeps them.
	metrics http.Handler
}

func newGateway(log hclog.Logger) *gateway {
	g := &gateway{routes: newRoutes(), log: log}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		MaxIdleConnsPerHost: 256,
		// Shorter than the servers behind it keep idle connections, so that it is seldom they who close one.
		IdleConnTimeout:    15 * time.Second,
		DisableCompression: true,
	}
	g.proxy = &httputil.ReverseProxy{
		Rewrite:      rewrite,
		Transport:    balancer{routes: g.routes, transport: transport},
		ErrorHandler: g.failed,
		ModifyResponse: func(response *http.Response) error {
			if whole, ok := response.Request.Context().Value(bodyKey{}).(*wholebody.Body); ok && !whole.Ended() {
				response.Header.Set("Connection", "close") // what is left of the request is no request
			}
			return nil
		},
		ErrorLog: log.StandardLogger(&hclog.StandardLoggerOptions{InferLevels: true}),
	}
	return g
}

// listen moves the gateway to a port. An address that is taken is an error; the old one, if any, then stays.
func (g *gateway) listen(port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("the gateway cannot listen on 127.0.0.1:%d, free that port or choose another in the project: %w", port, err)
	}
	old := g.server
	g.server = &http.Server{
		Handler: g, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: g.log.StandardLogger(&hclog.StandardLoggerOptions{InferLevels: true}),
	}
	g.port = port
	go serve(g.server, listener, g.log)
	if old != nil {
		go shutdown(old)
	}
	return nil
}

func serve(server *http.Server, listener net.Listener, log hclog.Logger) {
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error("gateway ended", "error", err)
	}
}

// shutdown lets requests that are under way end.
func shutdown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), gatewayStopAfter)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}

func (g *gateway) close() {
	if g.server != nil {
		shutdown(g.server)
	}
}

// ServeHTTP implements http.Handler.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if service == "" {
		answer(w, http.StatusOK, map[string]any{"services": g.routes.list(g.port)})
		return
	}
	if r.URL.Path == metricsPath && g.metrics != nil {
		g.metrics.ServeHTTP(w, r)
		return
	}
	backend, declared, reason := g.routes.pick(service, nil)
	if !declared {
		answer(w, http.StatusNotFound, problem{Error: "no such service", Service: service, Message: "GET / lists the services"})
		return
	}
	if backend == nil {
		w.Header().Set("Retry-After", "1")
		answer(w, http.StatusServiceUnavailable, problem{Error: "no replica is ready", Service: service, Message: reason})
		return
	}
	choice := &choice{service: service, backend: backend}
	defer func() { choice.backend.end() }()
	// A replica may answer before it has read the request: neither waits for the other.
	_ = http.NewResponseController(w).EnableFullDuplex()
	ctx := context.WithValue(r.Context(), choiceKey{}, choice)
	if keeps(r) {
		if err := keepBody(r); err != nil {
			answer(w, http.StatusBadRequest, problem{Error: "the request body could not be read", Service: service})
			return
		}
	} else if r.ContentLength != 0 {
		whole := wholebody.New(r.Body, r.ContentLength)
		r.Body, ctx = whole, context.WithValue(ctx, bodyKey{}, whole)
	}
	prefix := "/" + service
	http.StripPrefix(prefix, g.proxy).ServeHTTP(w, r.WithContext(ctx))
}

type bodyKey struct{}

// keeps says whether a body is read before anything is sent; any other passes as it comes.
func keeps(r *http.Request) bool { return r.ContentLength > 0 && r.ContentLength <= maximumReplayed }

// keepBody reads a small body before anything is sent, so that it can be sent again on another connection when the first
// turns out to be closed.
func keepBody(r *http.Request) error {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	r.Body, err = r.GetBody()
	return err
}

func rewrite(request *httputil.ProxyRequest) {
	choice := chosen(request.In.Context())
	request.Out.URL.Scheme, request.Out.URL.Host = "http", choice.backend.address
	request.Out.URL.RawQuery = request.In.URL.RawQuery
	if request.Out.URL.Path == "" {
		request.Out.URL.Path = "/"
	}
	request.SetXForwarded()
	request.Out.Header.Set("X-Forwarded-Prefix", "/"+choice.service)
}

// failed answers for a replica that did not.
func (g *gateway) failed(w http.ResponseWriter, r *http.Request, err error) {
	choice := chosen(r.Context())
	if r.Context().Err() == nil { // else the client has gone, which is no fault of ours
		g.log.Warn("request failed", "service", choice.service, "replica", choice.backend.name, "error", err)
	}
	answer(w, http.StatusBadGateway, problem{
		Error: "the replica did not answer", Service: choice.service, Message: "see `mlops logs " + choice.service + "`",
	})
}

// problem is the body of every answer that is the gateway's own and not a service's.
type problem struct {
	Error   string `json:"error"`
	Service string `json:"service"`
	Message string `json:"message,omitempty"`
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone misses nothing
}
