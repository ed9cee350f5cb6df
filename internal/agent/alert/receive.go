package alert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Path is where alerts are taken.
const Path = "/alerts"

// Receiver is the webhook. What it answers is for Azure Monitor, which tries again on 429 and 503 alone.
type Receiver struct {
	verify func(context.Context, string) error
	act    func(context.Context, Alert) (string, error)
	log    hclog.Logger

	lock sync.Mutex
	done map[string]bool
	last []string // keys that are done, oldest first
}

// remembered is how many alerts are known by heart; of an older one the request's own id knows.
const remembered = 1000

// NewReceiver takes alerts from callers whom verify lets in, and hands each to act once; act says what it did.
func NewReceiver(verify func(context.Context, string) error, act func(context.Context, Alert) (string, error), log hclog.Logger) *Receiver {
	return &Receiver{verify: verify, act: act, log: log, done: map[string]bool{}}
}

// ServeHTTP takes one alert.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path != Path {
		http.NotFound(w, request)
		return
	}
	if request.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "alerts are posted", http.StatusMethodNotAllowed)
		return
	}
	if status, err := r.admit(request); err != nil {
		r.log.Warn("an alert was refused", "status", status, "reason", err)
		http.Error(w, http.StatusText(status), status)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, MaximumBytes))
	if err != nil {
		http.Error(w, fmt.Sprintf("an alert has at most %d bytes", MaximumBytes), http.StatusRequestEntityTooLarge)
		return
	}
	found, err := Parse(body)
	if err != nil {
		r.log.Warn("an alert could not be read", "reason", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	did, err := r.once(request.Context(), found)
	switch {
	case errors.Is(err, mlops.ErrInvalid), errors.Is(err, mlops.ErrNotFound):
		r.log.Warn("an alert asks for what cannot be", "alert", found.ID, "rule", found.Rule, "reason", err)
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	case err != nil:
		r.log.Error("an alert could not be taken", "alert", found.ID, "rule", found.Rule, "reason", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		r.log.Info("alert", "alert", found.ID, "rule", found.Rule, "resolved", found.Resolved, "did", did)
		_, _ = fmt.Fprintln(w, did)
	}
}

// admit checks the caller's token before anything of the body is read.
func (r *Receiver) admit(request *http.Request) (int, error) {
	scheme, token, ok := strings.Cut(request.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return http.StatusUnauthorized, errors.New("no token: only a secure webhook has one")
	}
	switch err := r.verify(request.Context(), strings.TrimSpace(token)); {
	case errors.Is(err, errNotAllowed):
		return http.StatusForbidden, err
	case errors.Is(err, errKeys):
		return http.StatusServiceUnavailable, err
	case err != nil:
		return http.StatusUnauthorized, err
	}
	return http.StatusOK, nil
}

// once acts on an alert that was not acted on before. Two deliveries at once may both act: acting twice is acting once.
func (r *Receiver) once(ctx context.Context, found Alert) (string, error) {
	key := found.Key()
	r.lock.Lock()
	known := r.done[key]
	r.lock.Unlock()
	if known {
		return "known already", nil
	}
	did, err := r.act(ctx, found)
	if err != nil {
		return "", err
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	if !r.done[key] {
		r.done[key], r.last = true, append(r.last, key)
	}
	if len(r.last) > remembered {
		delete(r.done, r.last[0])
		r.last = r.last[1:]
	}
	return did, nil
}
