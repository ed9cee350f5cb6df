package kube

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

var errKilled = errors.New("killed")

// killer lets some calls through; of the next one the reply is lost, and nothing comes after it.
type killer struct {
	next http.RoundTripper
	left int
	dead bool
}

func (k *killer) RoundTrip(request *http.Request) (*http.Response, error) {
	if k.dead {
		return nil, errKilled
	}
	response, err := k.next.RoundTrip(request)
	if k.left--; k.left < 0 {
		k.dead = true
		if err == nil {
			_ = response.Body.Close()
		}
		return nil, errKilled
	}
	return response, err
}

// dying is a client that ends after so many calls.
func (c cluster) dying(t *testing.T, calls int) (*Client, *killer) {
	t.Helper()
	kill := &killer{left: calls}
	client, err := New(Config{
		Host: c.plane.Host, CertificateAuthority: c.plane.CertificateAuthority,
		Token:     func(context.Context) (string, error) { return c.plane.Token("admin"), nil },
		Transport: func(next http.RoundTripper) http.RoundTripper { kill.next = next; return kill },
	}, c.placement, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return client, kill
}

// declare is what an apply does: read, then write over what was read.
func declare(ctx context.Context, client *Client, manifest workload.Manifest) (workload.Live, error) {
	live, err := client.Get(ctx, manifest.Kind, manifest.Name)
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return live, err
	}
	if err == nil && live.InSync() && live.Manifest.Hash() == manifest.Hash() && live.Manifest.LogSequence == manifest.LogSequence {
		return live, nil
	}
	return client.Apply(ctx, manifest, live.Revision)
}

// Whatever call an apply or a delete is killed at, the next one comes to the same end, and nothing is left behind.
func TestKilledAtAnyCallTheNextApplyConverges(t *testing.T) {
	c := newCluster(t)
	c.behave(t, nil)
	fixed, scaled := testService(), testService()
	none := *fixed.Service
	none.Replicas = 0
	fixed.Service = &none
	scaled.LogSequence++
	scaled.Service.Replicas, scaled.Service.Autoscaling = 1, &mlops.Autoscaling{Minimum: 1, Maximum: 2, CPUPercent: 50}
	again := fixed
	again.LogSequence = scaled.LogSequence + 1
	for calls := 0; ; calls++ {
		killed := false
		for i, manifest := range []workload.Manifest{fixed, scaled, again} {
			client, kill := c.dying(t, calls)
			_, _ = declare(t.Context(), client, manifest)
			killed = killed || kill.dead
			live, err := declare(t.Context(), c.Client, manifest)
			if err != nil || !live.InSync() || live.Manifest.Hash() != manifest.Hash() {
				t.Fatalf("step %d, killed after %d calls: %q (%v)", i, calls, live.Status.Message, err)
			}
		}
		client, kill := c.dying(t, calls)
		_ = client.Delete(t.Context(), workload.KindService, fixed.Name, fixed.Incarnation)
		killed = killed || kill.dead
		if err := c.Delete(t.Context(), workload.KindService, fixed.Name, fixed.Incarnation); err != nil {
			t.Fatalf("delete, killed after %d calls: %v", calls, err)
		}
		c.awaitNothing(t)
		if !killed {
			if calls < 8 {
				t.Errorf("%d calls are too few to be an apply", calls)
			}
			return
		}
	}
}

// A server that answers with an error, again and again, or hangs: the call ends with it.
func TestServerThatFailsIsAnError(t *testing.T) {
	for name, status := range map[string]int{"500": http.StatusInternalServerError, "403": http.StatusForbidden, "503": http.StatusServiceUnavailable} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			client, err := New(Config{
				Host: c.plane.Host, CertificateAuthority: c.plane.CertificateAuthority,
				Transport: func(http.RoundTripper) http.RoundTripper {
					return answer(func(request *http.Request) (*http.Response, error) {
						return &http.Response{StatusCode: status, Body: http.NoBody, Request: request, Header: http.Header{}}, nil
					})
				},
			}, c.placement, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Get(t.Context(), workload.KindService, "delay"); err == nil || errors.Is(err, mlops.ErrNotFound) {
				t.Errorf("%v, want an error that is no absence", err)
			}
		})
	}
}

func TestServerThatHangsEndsWithItsContext(t *testing.T) {
	client, err := New(Config{
		Host: "https://127.0.0.1:1",
		Transport: func(http.RoundTripper) http.RoundTripper {
			return answer(func(request *http.Request) (*http.Response, error) {
				<-request.Context().Done()
				return nil, request.Context().Err()
			})
		},
	}, testPlacement(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Apply(ctx, testService(), ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want that time was up", err)
	}
}

type answer func(*http.Request) (*http.Response, error)

func (a answer) RoundTrip(request *http.Request) (*http.Response, error) { return a(request) }
