package kube

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// counter counts requests.
type counter struct {
	next  http.RoundTripper
	count *atomic.Int64
}

func (c counter) RoundTrip(request *http.Request) (*http.Response, error) {
	c.count.Add(1)
	return c.next.RoundTrip(request)
}

func TestWalkReadsManyWithFewCallsAndSeesWhatItWrites(t *testing.T) {
	c := newCluster(t)
	c.makeAccounts(t)
	const many = 20
	for i := range many {
		deployment := testDeployment()
		deployment.Name = fmt.Sprintf("delay-%d", i)
		none := int64(0)
		deployment.Replicas = &none
		c.apply(t, workload.Deployment(deployment, testVersion(1), "", workload.Seen{}), "")
	}
	var count atomic.Int64
	client, err := New(Config{
		Host: c.plane.Host, CertificateAuthority: c.plane.CertificateAuthority,
		Token:     func(context.Context) (string, error) { return c.plane.Token("admin"), nil },
		Transport: func(next http.RoundTripper) http.RoundTripper { return counter{next: next, count: &count} },
	}, c.placement, Options{Now: func() time.Time { return time.Unix(0, 0) }}) // a clock that stands: nothing grows old
	if err != nil {
		t.Fatal(err)
	}
	walk := client.NewWalk()
	var first workload.Live
	for i := range many {
		if first, err = walk.Get(t.Context(), workload.KindService, fmt.Sprintf("delay-%d", i)); err != nil || !first.InSync() {
			t.Fatalf("%q (%v)", first.Status.Message, err)
		}
	}
	if calls := count.Load(); calls > 5 {
		t.Errorf("%d calls for %d services, want one for each kind of object", calls, many)
	}
	next := first.Manifest
	next.LogSequence += 3
	if _, err := walk.Apply(t.Context(), next, first.Revision); err != nil {
		t.Fatal(err)
	}
	if seen, err := walk.Get(t.Context(), workload.KindService, next.Name); err != nil || seen.Manifest.LogSequence != next.LogSequence {
		t.Errorf("log %d (%v), want what was just written", seen.Manifest.LogSequence, err)
	}
	c.edit(t, Deployments, "flights-delay-0", `{"spec":{"replicas":1}}`, "kubectl-edit")
	if seen, err := client.NewWalk().Get(t.Context(), workload.KindService, "delay-0"); err != nil || seen.InSync() {
		t.Errorf("another walk does not see what has changed (%v)", err)
	}
}

func TestWalkThatWaitsSeesTheChange(t *testing.T) {
	c := newCluster(t)
	c.behave(t, nil)
	walk := c.NewWalk()
	if _, err := walk.Get(t.Context(), workload.KindService, "delay"); err == nil {
		t.Fatal("found before it was there")
	}
	c.apply(t, testService(), "") // another writer
	eventually.Holds(t, func() error {
		live, err := walk.Get(t.Context(), workload.KindService, "delay")
		if err == nil && !live.RolledOut() {
			err = fmt.Errorf("not rolled out: %+v", live.Status)
		}
		return err
	})
}

func TestConfigThatCannotBeUsedIsRefused(t *testing.T) {
	for name, config := range map[string]Config{
		"no host":        {},
		"no certificate": {Host: "https://127.0.0.1", ClientCertificate: []byte("nonsense"), ClientKey: []byte("nonsense")},
		"no authority":   {Host: "https://127.0.0.1", CertificateAuthority: []byte("nonsense")},
	} {
		if _, err := New(config, testPlacement(), Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
