package arm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const version = "2023-01-01"

var group = map[string]any{"location": "Global", "properties": map[string]any{"groupShortName": "g", "enabled": true}}

type made struct {
	ID         string `json:"id"`
	Properties struct {
		ShortName string `json:"groupShortName"`
	} `json:"properties"`
}

func scene(t *testing.T, options armfake.Options) (*armfake.Fake, *arm.Client, string) {
	t.Helper()
	fake := armfake.Start(t, options)
	return fake, client(t, fake, fake.Administrator), fake.ResourceGroup("rg") + "/providers/Microsoft.Insights/actionGroups/"
}

func client(t *testing.T, fake *armfake.Fake, as armfake.Principal) *arm.Client {
	t.Helper()
	found, err := arm.New(arm.Endpoint{URL: fake.URL, Audience: fake.Audience()}, fake.Credential(as), arm.Options{
		Transport: fake.Client(), Version: "0.1.0 dev", RetryDelay: time.Millisecond, PollEvery: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestResources(t *testing.T) {
	fake, client, groups := scene(t, armfake.Options{PageSize: 2})
	ctx := t.Context()
	var got made
	if err := client.Get(ctx, groups+"one", version, &got); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"one", "two", "three"} {
		if err := client.Put(ctx, groups+name, version, group, &got, arm.Condition{}); err != nil || got.ID != groups+name {
			t.Errorf("%v %v", got, err)
		}
	}
	if err := client.Put(ctx, groups+"one", version, group, nil, arm.Condition{IfNoneMatch: "*"}); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("%v", err)
	}
	if err := client.Patch(ctx, groups+"one", version, map[string]any{"tags": map[string]string{"a": "b"}}, nil, arm.Condition{}); err != nil {
		t.Error(err)
	}
	var ids []string
	if err := client.List(ctx, strings.TrimSuffix(groups, "/"), version, nil, func(one json.RawMessage) error {
		var found made
		err := json.Unmarshal(one, &found)
		ids = append(ids, strings.TrimPrefix(found.ID, groups))
		return err
	}); err != nil || strings.Join(ids, " ") != "one three two" {
		t.Errorf("%v %v", ids, err)
	}
	stop := errors.New("enough")
	if err := client.List(ctx, strings.TrimSuffix(groups, "/"), version, nil, func(json.RawMessage) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	for range 2 {
		if err := client.Delete(ctx, groups+"one", version, arm.Condition{}); err != nil {
			t.Error(err)
		}
	}
	if len(fake.Inventory()) != 2 {
		t.Errorf("%v", fake.Inventory())
	}
	cluster := fake.Cluster("rg", "aks", []byte("k"))
	var credentials struct{ Kubeconfigs []struct{ Value []byte } }
	if err := client.Post(ctx, cluster, "listClusterUserCredential", "2026-05-01", nil, &credentials, arm.Condition{}); err != nil || string(credentials.Kubeconfigs[0].Value) != "k" {
		t.Errorf("%v %v", credentials, err)
	}
}

// What passes by itself is retried, and a write whose reply was lost is done once.
func TestTransient(t *testing.T) {
	for name, wrong := range map[string]armfake.Misbehaviour{
		"throttled": armfake.Throttle(2 * time.Millisecond), "500": armfake.ServerError(), "cut": armfake.Cut(), "lost": armfake.LoseReply(),
		"503": armfake.Fail(503, "ServiceUnavailable", "busy"),
	} {
		t.Run(name, func(t *testing.T) {
			fake, client, groups := scene(t, armfake.Options{})
			write := func() {
				t.Helper()
				var got made
				if err := client.Put(t.Context(), groups+"one", version, group, &got, arm.Condition{}); err != nil || got.Properties.ShortName != "g" {
					t.Errorf("%v %v", got, err)
				}
				if err := client.Get(t.Context(), groups+"one", version, &got); err != nil {
					t.Error(err)
				}
				if err := client.Delete(t.Context(), groups+"one", version, arm.Condition{}); err != nil {
					t.Error(err)
				}
			}
			for call := 1; call <= 3; call++ {
				fake.ForgetCalls()
				fake.Misbehave(wrong, 1, armfake.Nth(call))
				write()
				if calls := len(fake.Calls()); calls != 4 {
					t.Errorf("call %d: %d calls", call, calls)
				}
				if len(fake.Inventory()) != 0 {
					t.Errorf("call %d: left %v", call, fake.Inventory())
				}
			}
		})
	}
}

func TestHanging(t *testing.T) {
	fake, _, groups := scene(t, armfake.Options{})
	client, err := arm.New(arm.Endpoint{URL: fake.URL, Audience: fake.Audience()}, fake.Credential(fake.Administrator), arm.Options{
		Transport: fake.Client(), RetryDelay: time.Millisecond, TryTimeout: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	fake.Misbehave(armfake.Hang(), 1, nil)
	if err := client.Put(t.Context(), groups+"one", version, group, nil, arm.Condition{}); err != nil {
		t.Errorf("one hanging try is not retried: %v", err)
	}
	fake.Misbehave(armfake.Hang(), 0, nil)
	if err := client.Get(t.Context(), groups+"one", version, nil); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "7 tries") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
	defer cancel()
	if err := client.Get(ctx, groups+"one", version, nil); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "raise the timeout") {
		t.Errorf("%v", err)
	}
}

func TestLongRunning(t *testing.T) {
	for _, style := range []armfake.Style{armfake.AsyncOperation, armfake.Location, armfake.ProvisioningState} {
		t.Run(string(style), func(t *testing.T) {
			fake, client, groups := scene(t, armfake.Options{})
			kind := "Microsoft.Insights/actionGroups"
			fake.LongRunning(kind, armfake.Lasting{Style: style, Polls: 3})
			if style == armfake.AsyncOperation {
				fake.DelayReads(kind, 2) // done, and not seen everywhere
			}
			var got made
			if err := client.Put(t.Context(), groups+"one", version, group, &got, arm.Condition{}); err != nil || got.Properties.ShortName != "g" {
				t.Errorf("%v %v", got, err)
			}
			if style != armfake.ProvisioningState {
				if err := client.Delete(t.Context(), groups+"one", version, arm.Condition{}); err != nil || len(fake.Inventory()) != 0 {
					t.Errorf("%v %v", fake.Inventory(), err)
				}
			}
			fake.LongRunning(kind, armfake.Lasting{Style: style, Polls: 2, Code: "QuotaExceeded", Message: "no cores left"})
			err := client.Put(t.Context(), groups+"two", version, group, &got, arm.Condition{})
			if err == nil || style != armfake.ProvisioningState && !strings.Contains(err.Error(), "no cores left") {
				t.Errorf("%v", err)
			}
			if style == armfake.AsyncOperation && !strings.Contains(err.Error(), "ask for more in the Azure portal") {
				t.Errorf("%v", err)
			}
		})
	}
}

// A refusal says what to do, and is not tried again.
func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		wrong armfake.Misbehaviour
		want  []string
		is    error
	}{
		"policy":       {armfake.Denied("only-europe"), []string{"only-europe", "exemption"}, nil},
		"flat":         {armfake.FailFlat(400, "BadReceiver", "no such receiver"), []string{"400 BadReceiver: no such receiver"}, nil},
		"conflict":     {armfake.Fail(409, "AnotherOperationInProgress", "busy"), []string{"AnotherOperationInProgress"}, mlops.ErrConflict},
		"no group":     {armfake.Fail(404, "ResourceGroupNotFound", "gone"), []string{"create it again"}, mlops.ErrNotFound},
		"subscription": {armfake.Fail(404, "SubscriptionNotFound", "none"), []string{"sees no such subscription"}, mlops.ErrNotFound},
		"long wait":    {armfake.Throttle(90 * time.Second), []string{"throttles", "1m30s"}, nil},
		"wrong tenant": {armfake.Fail(401, "InvalidAuthenticationTokenTenant", "other"), []string{"ARM_TENANT_ID"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			fake, client, groups := scene(t, armfake.Options{})
			fake.Misbehave(test.wrong, 0, nil)
			err := client.Put(t.Context(), groups+"one", version, group, nil, arm.Condition{})
			for _, want := range append(test.want, "PUT "+groups+"one") {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v: want %q", err, want)
				}
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is not %v", err, test.is)
			}
			if arm.Forbidden(err) {
				t.Error("a missing role?")
			}
			if calls := len(fake.Calls()); calls != 1 {
				t.Errorf("%d calls", calls)
			}
		})
	}
}

func TestMissingRole(t *testing.T) {
	fake, _, groups := scene(t, armfake.Options{})
	nobody := client(t, fake, fake.Application("nobody"))
	err := nobody.Put(t.Context(), groups+"one", version, group, nil, arm.Condition{})
	if !arm.Forbidden(err) || !strings.Contains(err.Error(), `"Monitoring Contributor" on the scope `+strings.ToLower(groups)+"one") {
		t.Errorf("%v", err)
	}
	err = nobody.Get(t.Context(), groups+"one", version, nil)
	if !strings.Contains(err.Error(), `"Reader"`) {
		t.Errorf("%v", err)
	}
	cluster := fake.Cluster("rg", "aks", nil)
	err = nobody.Post(t.Context(), cluster, "listClusterUserCredential", "2026-05-01", nil, nil, arm.Condition{})
	if !strings.Contains(err.Error(), `"Azure Kubernetes Service Cluster User Role"`) {
		t.Errorf("%v", err)
	}
}

func TestExpiredToken(t *testing.T) {
	now := time.Now().Add(-3 * time.Hour)
	fake := armfake.Start(t, armfake.Options{Now: func() time.Time { return now }})
	as := client(t, fake, fake.Administrator)
	now = time.Now().Add(-2*time.Hour + time.Minute)
	id := fake.ResourceGroup("rg")
	fake.Misbehave(armfake.Fail(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time."), 0, nil)
	if err := as.Get(t.Context(), id, "2021-04-01", nil); err == nil || !strings.Contains(err.Error(), "az login") {
		t.Errorf("%v", err)
	}
}

// A reply cannot make the client send its token to another host.
func TestTokenStaysHome(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(other.Close)
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.Header().Set("Azure-AsyncOperation", other.URL+"/operations/1")
			w.WriteHeader(http.StatusCreated)
		}
		fmt.Fprintf(w, `{"value":[],"nextLink":"%s/next"}`, other.URL)
	}))
	t.Cleanup(home.Close)
	fake := armfake.Start(t, armfake.Options{})
	client, err := arm.New(arm.Endpoint{URL: home.URL, Audience: "https://management.azure.com"}, fake.Credential(fake.Administrator), arm.Options{RetryDelay: time.Millisecond, PollEvery: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.List(t.Context(), "/subscriptions", "1", nil, func(json.RawMessage) error { return nil }); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("%v", err)
	}
	if err := client.Put(t.Context(), "/subscriptions/x", "1", group, nil, arm.Condition{}); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("%v", err)
	}
	if asked {
		t.Error("the other host was asked")
	}
}

func TestBadEndpoint(t *testing.T) {
	for _, address := range []string{"", "management.azure.com", "ftp://x"} {
		if _, err := arm.New(arm.Endpoint{URL: address}, nil, arm.Options{}); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestAfterGrant(t *testing.T) {
	refused := errors.New("403")
	tries := 0
	do := func(context.Context) error {
		if tries++; tries < 2 {
			return refused
		}
		return nil
	}
	isRefused := func(err error) bool { return errors.Is(err, refused) }
	if err := arm.AfterGrant(t.Context(), false, isRefused, do); !errors.Is(err, refused) || tries != 1 {
		t.Errorf("not ours: %v after %d tries", err, tries)
	}
	tries = 0
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := arm.AfterGrant(ctx, true, isRefused, do); !errors.Is(err, refused) || tries != 1 {
		t.Errorf("ended: %v after %d tries", err, tries)
	}
	synctest.Test(t, func(t *testing.T) {
		tries = 0
		if err := arm.AfterGrant(t.Context(), true, isRefused, do); err != nil || tries != 2 {
			t.Errorf("fresh: %v after %d tries", err, tries)
		}
	})
}
