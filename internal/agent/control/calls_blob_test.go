package control

import (
	"context"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/badnetwork"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/status"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
)

// What a pass, a controller that starts and mlops status ask of Blob storage, in requests, does not grow with history.
// MLOPS_TEST_EVENTS=10000 makes the history as long.
func TestRequestsToBlobStorageDoNotGrowWithHistory(t *testing.T) {
	long := 600
	if events, err := strconv.Atoi(os.Getenv("MLOPS_TEST_EVENTS")); err == nil {
		long = events
	}
	server := azurite.Shared(t)
	asked := func(events int) map[string]int {
		p := newPlant(t)
		p.declare(flights()...)
		p.publish(1)
		p.settle(p.controller())
		p.history(events)
		p.settle(p.controller())

		network := &badnetwork.Transport{Next: server.Client()}
		store, err := blob.Open(server.Container(t), nil, blob.Options{Transport: network, AccountKey: server.Key})
		if err != nil {
			t.Fatal(err)
		}
		var writing errgroup.Group
		writing.SetLimit(8)
		for _, key := range p.store.Keys("") {
			writing.Go(func() error {
				data, err := p.store.Read(context.WithoutCancel(t.Context()), key)
				if err != nil {
					return err
				}
				return store.Create(context.WithoutCancel(t.Context()), key, data)
			})
		}
		if err := writing.Wait(); err != nil {
			t.Fatal(err)
		}
		onBlob := *p.project
		onBlob.Store = store
		count := func(act func() error) int {
			network.Forget()
			if err := act(); err != nil {
				t.Fatal(err)
			}
			return len(network.Requests())
		}
		p.project = &onBlob
		controller := p.controller()
		return map[string]int{
			"start":  count(func() error { return controller.Pass(t.Context()) }),
			"pass":   count(func() error { return controller.Pass(t.Context()) }),
			"status": count(func() error { _, err := status.Read(t.Context(), &onBlob, ""); return err }),
		}
	}
	few, many := asked(10), asked(long)
	t.Logf("requests after 10 events %v, after %d %v", few, long, many)
	for act, requests := range many {
		if requests > few[act] {
			t.Errorf("%s: %d requests after 10 events, %d after %d", act, few[act], requests, long)
		}
	}
	if many["pass"] > 6 {
		t.Errorf("an idle pass makes %d requests", many["pass"])
	}
}
