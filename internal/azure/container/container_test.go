package container_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/container"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func scene(t *testing.T) (*armfake.Fake, *arm.Client, string) {
	t.Helper()
	fake := armfake.Start(t, armfake.Options{})
	client, err := arm.New(arm.Endpoint{URL: fake.URL, Audience: fake.Audience()}, fake.Credential(fake.Administrator), arm.Options{
		Transport: fake.Client(), RetryDelay: time.Millisecond, PollEvery: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return fake, client, fake.StorageAccount("rg", "acc", "") + "/blobServices/default/containers/flights"
}

func TestEnsure(t *testing.T) {
	fake, client, id := scene(t)
	mine := container.Wanted{ID: id, Project: "flights", Create: true}
	if _, err := container.Ensure(t.Context(), client, container.Wanted{ID: id, Project: "flights"}); !errors.Is(err, mlops.ErrNotFound) || !strings.Contains(err.Error(), "create_container = true") {
		t.Errorf("nothing to adopt: %v", err)
	}
	for range 2 {
		if state, err := container.Ensure(t.Context(), client, mine); err != nil || !state.Exists || state.Project != "flights" {
			t.Errorf("%+v %v", state, err)
		}
	}
	if puts := countWrites(fake); puts != 1 {
		t.Errorf("%d writes", puts)
	}
	if _, err := container.Ensure(t.Context(), client, container.Wanted{ID: id, Project: "other", Create: true}); !errors.Is(err, mlops.ErrExists) || !strings.Contains(err.Error(), `"flights"`) {
		t.Errorf("another project's: %v", err)
	}
	// The platform team's own.
	theirs := id + "-theirs"
	fake.Put(theirs, map[string]any{"properties": map[string]any{"publicAccess": "Blob"}})
	if _, err := container.Ensure(t.Context(), client, container.Wanted{ID: theirs, Project: "flights", Create: true}); !errors.Is(err, mlops.ErrExists) || !strings.Contains(err.Error(), "create_container = false") {
		t.Errorf("not ours: %v", err)
	}
	if state, err := container.Ensure(t.Context(), client, container.Wanted{ID: theirs, Project: "flights"}); err != nil || !state.Public {
		t.Errorf("adopted: %+v %v", state, err)
	}
	if kept, err := container.Remove(t.Context(), client, theirs, "flights", time.Time{}); err != nil || !strings.Contains(kept.Reason, "did not make it") {
		t.Errorf("%+v %v", kept, err)
	}
	// A deleted group is not a container that can be made.
	if _, err := container.Ensure(t.Context(), client, container.Wanted{ID: strings.Replace(id, "/rg/", "/gone/", 1), Project: "flights", Create: true}); err == nil || !strings.Contains(err.Error(), "resource group is gone") {
		t.Errorf("%v", err)
	}
}

func countWrites(fake *armfake.Fake) int {
	writes := 0
	for _, call := range fake.Calls() {
		if call.Writes() || call.Method == http.MethodPost {
			writes++
		}
	}
	return writes
}

func TestPolicy(t *testing.T) {
	fake, client, id := scene(t)
	ctx := t.Context()
	ensure := func(days int64, locked bool) error {
		return container.EnsurePolicy(ctx, client, id, container.Policy{Days: days, Locked: locked})
	}
	has := func(days int64, locked bool) {
		t.Helper()
		state, err := container.Read(ctx, client, id)
		if err != nil || state.Policy == nil || state.Policy.Days != days || state.Policy.Locked != locked {
			t.Errorf("%+v %v, want %d days, locked %v", state.Policy, err, days, locked)
		}
	}
	if err := ensure(30, false); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := container.Ensure(ctx, client, container.Wanted{ID: id, Project: "flights", Create: true}); err != nil {
		t.Fatal(err)
	}
	for _, days := range []int64{30, 30, 10} {
		if err := ensure(days, false); err != nil {
			t.Error(err)
		}
		has(days, false)
	}
	if err := ensure(20, true); err != nil {
		t.Error(err)
	}
	has(20, true)
	writes := countWrites(fake)
	if err := ensure(20, true); err != nil || countWrites(fake) != writes {
		t.Errorf("in sync: %v, %d writes", err, countWrites(fake)-writes)
	}
	if err := ensure(20, false); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), "no way back") {
		t.Errorf("%v", err)
	}
	if err := ensure(10, true); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), "20 or more") {
		t.Errorf("%v", err)
	}
	if err := ensure(40, true); err != nil {
		t.Error(err)
	}
	has(40, true)
	written := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	kept, err := container.Remove(ctx, client, id, "flights", written)
	if err != nil || !kept.Until.Equal(written.AddDate(0, 0, 40)) || !strings.Contains(kept.Reason, "until 2026-02-11T03:04:05Z") {
		t.Errorf("%+v %v", kept, err)
	}
	if kept, err := container.Remove(ctx, client, id, "flights", time.Time{}); err != nil || !strings.Contains(kept.Reason, "40 days") {
		t.Errorf("%+v %v", kept, err)
	}
	if fake.Get(id) == nil {
		t.Error("the container under a locked policy is gone")
	}
}

func TestRemove(t *testing.T) {
	fake, client, id := scene(t)
	ctx := t.Context()
	create := func() {
		t.Helper()
		if _, err := container.Ensure(ctx, client, container.Wanted{ID: id, Project: "flights", Create: true}); err != nil {
			t.Fatal(err)
		}
		if err := container.EnsurePolicy(ctx, client, id, container.Policy{Days: 30}); err != nil {
			t.Fatal(err)
		}
		fake.HoldBlobs(id, true)
	}
	create()
	if err := client.Post(ctx, id, "setLegalHold", container.Version, map[string]any{"tags": []string{"audit2026"}}, nil, arm.Condition{}); err != nil {
		t.Fatal(err)
	}
	if kept, err := container.Remove(ctx, client, id, "flights", time.Time{}); err != nil || !strings.Contains(kept.Reason, "legal hold") {
		t.Errorf("%+v %v", kept, err)
	}
	if err := client.Post(ctx, id, "clearLegalHold", container.Version, map[string]any{"tags": []string{"audit2026"}}, nil, arm.Condition{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if kept, err := container.Remove(ctx, client, id, "flights", time.Time{}); err != nil || kept.Reason != "" || len(fake.Inventory()) != 0 {
			t.Errorf("%+v %v, left %v", kept, err, fake.Inventory())
		}
	}
}

// Every call in turn is throttled, fails, is cut or loses its reply: the outcome is the same.
func TestEveryCallGoesWrong(t *testing.T) {
	for name, wrong := range map[string]armfake.Misbehaviour{
		"throttled": armfake.Throttle(time.Millisecond), "500": armfake.ServerError(), "cut": armfake.Cut(), "lost": armfake.LoseReply(),
	} {
		for call := 1; ; call++ {
			fake, client, id := scene(t)
			fake.Misbehave(wrong, 1, armfake.Nth(call))
			if _, err := container.Ensure(t.Context(), client, container.Wanted{ID: id, Project: "flights", Create: true}); err != nil {
				t.Fatalf("%s call %d: %v", name, call, err)
			}
			if err := container.EnsurePolicy(t.Context(), client, id, container.Policy{Days: 30, Locked: true}); err != nil {
				t.Fatalf("%s call %d: %v", name, call, err)
			}
			state, err := container.Read(t.Context(), client, id)
			if err != nil || state.Policy == nil || !state.Policy.Locked || len(fake.Inventory()) != 2 {
				t.Fatalf("%s call %d: %v %v", name, call, state, err)
			}
			if call > len(fake.Calls()) {
				break
			}
			if call > 50 {
				t.Fatal("no end of calls")
			}
		}
	}
}

// A container that is missing because a group is gone is told apart from one that can be made.
func TestReadNeedsTheAccount(t *testing.T) {
	_, client, id := scene(t)
	if _, err := container.Read(t.Context(), client, strings.Replace(id, "/acc/", "/none/", 1)); !errors.Is(err, mlops.ErrNotFound) {
		t.Error(fmt.Sprint(err))
	}
}
