package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/badnetwork"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/ingestion"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/telemetry"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

var found = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func gauge(name string, value float64) mlops.Measurement {
	return mlops.Measurement{Name: name, Labels: map[string]string{"monitor": "delay"}, Value: value, Time: found}
}

// open begins a client without patience.
func open(t *testing.T, server *ingestion.Server, credential azcore.TokenCredential, change func(*telemetry.Options)) *telemetry.Client {
	t.Helper()
	options := telemetry.Options{
		Folder: t.TempDir(), Dimensions: map[string]string{"project": "flights"}, Role: "control", Instance: "pod-1", Version: "0.1.0",
		FirstPause: time.Millisecond, LongestPause: 20 * time.Millisecond,
	}
	if change != nil {
		change(&options)
	}
	client, err := telemetry.New(server.ConnectionString(), credential, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		_ = client.Close(over)
	})
	return client
}

func record(t *testing.T, client *telemetry.Client, measurements ...mlops.Measurement) {
	t.Helper()
	if err := client.Record(t.Context(), "control", measurements); err != nil {
		t.Fatal(err)
	}
}

// await waits for a condition, as long as a busy machine may take.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

func TestGaugesAndEvents(t *testing.T) {
	server := ingestion.Start(t)
	client := open(t, server, nil, nil)
	record(t, client, gauge("mlops_episodes_open", 1), gauge("mlops_run_state", 0))
	notification := mlops.Notification{
		Key: "monitors/delay/3", Time: found, Topic: mlops.TopicDrift, Severity: 2, Subject: "drift_monitors/delay",
		Summary: "distance has drifted", Detail: strings.Repeat("ä", 10_000), Receivers: []string{"ada@example.com"},
	}
	if err := client.Send(t.Context(), notification, []mlops.Owner{{Email: "ada@example.com"}}); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	items := server.Items()
	if len(items) != 3 {
		t.Fatalf("%d items, want 3: %+v", len(items), client.State())
	}
	first, event := items[0], items[2]
	if first.Kind != "Metric" || first.Name != "mlops_episodes_open" || first.Value != 1 || first.Time != "2026-01-02T03:04:05.000Z" ||
		first.Properties["project"] != "flights" || first.Properties["monitor"] != "delay" || first.Tags["ai.cloud.roleInstance"] != "pod-1" {
		t.Errorf("gauge %+v", first)
	}
	if event.Kind != "Event" || event.Name != "mlops_"+string(mlops.TopicDrift) || event.Properties["summary"] != "distance has drifted" || event.Properties["severity"] != "2" {
		t.Errorf("event %+v", event)
	}
	for name, value := range event.Properties {
		if strings.Contains(value, "@") {
			t.Errorf("an address in %s", name)
		}
	}
	if state := client.State(); state.Sent != 3 || state.QueuedItems != 0 || state.LastError != "" || state.LastSent.IsZero() {
		t.Errorf("state %+v", state)
	}
}

// Of a batch that is taken in part, exactly the items that may be better next time are sent again.
func TestPartOfABatch(t *testing.T) {
	server := ingestion.Start(t)
	first := map[int]int{2: http.StatusTooManyRequests, 3: http.StatusBadRequest, 5: http.StatusInternalServerError}
	server.Item = func(number int) int {
		if status, bad := first[number]; bad {
			return status
		}
		return http.StatusOK
	}
	client := open(t, server, nil, nil)
	var all []mlops.Measurement
	for n := range 5 {
		all = append(all, gauge(fmt.Sprintf("metric_%d", n+1), float64(n+1)))
	}
	record(t, client, all...)
	await(t, "the rest", func() bool { return client.State().Sent == 4 })
	values := map[float64]int{}
	for _, item := range server.Items() {
		values[item.Value]++
	}
	if len(values) != 4 || values[3] != 0 || values[2] != 1 || values[5] != 1 || server.Batches() != 2 {
		t.Errorf("taken %v in %d batches, want all but the third, once each, in 2", values, server.Batches())
	}
	if state := client.State(); state.Dropped[telemetry.DroppedRefused] != 1 || state.QueuedItems != 0 {
		t.Errorf("state %+v, want one refused item", state)
	}
}

// Whatever befalls a request that may be better next time, nothing is lost and nothing is told twice that was not in doubt.
func TestRequestsThatFail(t *testing.T) {
	for name, fault := range map[string]badnetwork.Fault{
		"429":       {Status: http.StatusTooManyRequests},
		"500":       {Status: http.StatusInternalServerError},
		"503":       {Status: http.StatusServiceUnavailable, Headers: map[string]string{"Retry-After": "0"}},
		"408":       {Status: http.StatusRequestTimeout},
		"402":       {Status: http.StatusPaymentRequired},
		"439":       {Status: 439},
		"403":       {Status: http.StatusForbidden},
		"half 206":  {Status: http.StatusPartialContent, Body: "{"},
		"hangs":     {Hang: true},
		"refused":   {Refuse: true},
		"bad proxy": {Status: http.StatusPermanentRedirect, Headers: map[string]string{"Location": "http://example.com/"}},
	} {
		server := ingestion.Start(t)
		var mended atomic.Bool
		network := &badnetwork.Transport{Next: http.DefaultClient, Choose: func(int, *http.Request) badnetwork.Fault {
			if mended.Load() {
				return badnetwork.Fault{}
			}
			return fault
		}}
		client := open(t, server, nil, func(options *telemetry.Options) {
			options.Client = &http.Client{Transport: network}
			if fault.Hang {
				options.Timeout = 50 * time.Millisecond
			}
		})
		record(t, client, gauge("mlops_episodes_open", 1))
		await(t, name+": an error", func() bool { return client.State().LastError != "" && len(network.Requests()) > 1 })
		state := client.State()
		if state.QueuedItems != 1 || state.Oldest.IsZero() || state.Sent != 0 {
			t.Errorf("%s: state %+v, want one item that waits", name, state)
		}
		if strings.Contains(state.LastError, server.ConnectionString()) {
			t.Errorf("%s: %s", name, state.LastError)
		}
		mended.Store(true)
		await(t, name+": the item", func() bool { return client.State().Sent == 1 })
		if items := server.Items(); len(items) == 0 || name != "hangs" && len(items) != 1 {
			t.Errorf("%s: %d items", name, len(items))
		}
		if state := client.State(); state.LastError != "" || state.QueuedItems != 0 {
			t.Errorf("%s: state %+v after it was mended", name, state)
		}
	}
}

// A batch that the service will never take does not stop the others.
func TestRefusedBatch(t *testing.T) {
	server := ingestion.Start(t)
	network := &badnetwork.Transport{Next: http.DefaultClient, Choose: func(number int, _ *http.Request) badnetwork.Fault {
		if number == 1 {
			return badnetwork.Fault{Status: http.StatusBadRequest}
		}
		return badnetwork.Fault{}
	}}
	client := open(t, server, nil, func(options *telemetry.Options) { options.Client = &http.Client{Transport: network} })
	record(t, client, gauge("one", 1))
	await(t, "the refusal", func() bool { return client.State().Dropped[telemetry.DroppedRefused] == 1 })
	record(t, client, gauge("two", 2))
	await(t, "the second", func() bool { return client.State().Sent == 1 })
}

// The service's own pause is obeyed.
func TestRetryAfter(t *testing.T) {
	server := ingestion.Start(t)
	server.RetryAfter, server.Item = "3600", func(int) int { return http.StatusTooManyRequests }
	client := open(t, server, nil, nil)
	record(t, client, gauge("one", 1))
	await(t, "a pause", func() bool { return !client.State().PausedUntil.IsZero() })
	if until := time.Until(client.State().PausedUntil); until < 50*time.Minute {
		t.Errorf("a pause of %s, want the hour that was asked for", until)
	}
	if batches := server.Batches(); batches != 1 {
		t.Errorf("%d batches, want one", batches)
	}
}

func TestRedirect(t *testing.T) {
	target, server := ingestion.Start(t), ingestion.Start(t)
	server.RedirectTo = target.URL + "/v2.1/track"
	client := open(t, server, nil, nil)
	for n := range 2 {
		record(t, client, gauge("one", 1))
		await(t, "the item", func() bool { return client.State().Sent == int64(n+1) })
	}
	if len(target.Items()) != 2 || server.Batches() != 0 {
		t.Errorf("%d items at the target", len(target.Items()))
	}
}

// What waits outlives the process.
func TestQueueOutlivesTheProcess(t *testing.T) {
	server := ingestion.Start(t)
	folder := t.TempDir()
	down := &badnetwork.Transport{Next: http.DefaultClient, Choose: func(int, *http.Request) badnetwork.Fault { return badnetwork.Fault{Refuse: true} }}
	first := open(t, server, nil, func(options *telemetry.Options) {
		options.Folder, options.Client = folder, &http.Client{Transport: down}
	})
	for n := range 3 {
		record(t, first, gauge("one", float64(n)))
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := first.Close(over); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder+"/not-ours", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second := open(t, server, nil, func(options *telemetry.Options) { options.Folder = folder })
	await(t, "what waited", func() bool { return second.State().Sent == 3 })
	for n, item := range server.Items() {
		if item.Value != float64(n) {
			t.Errorf("item %d is %v: the order was lost", n, item.Value)
		}
	}
}

// The queue has bounds; the oldest go.
func TestQueueHasBounds(t *testing.T) {
	server := ingestion.Start(t)
	now := found
	down := &badnetwork.Transport{Next: http.DefaultClient, Choose: func(int, *http.Request) badnetwork.Fault { return badnetwork.Fault{Refuse: true} }}
	client := open(t, server, nil, func(options *telemetry.Options) {
		options.Client, options.Now, options.MostBytes = &http.Client{Transport: down}, func() time.Time { return now }, 2000
		options.FirstPause, options.LongestPause = time.Hour, time.Hour // the queue is looked at before anything is sent again
	})
	for n := range 100 {
		record(t, client, gauge("one", float64(n)))
	}
	state := client.State()
	if state.QueuedBytes > 2000 || state.QueuedItems < 2 || int64(state.QueuedItems)+state.Dropped[telemetry.DroppedBounds] != 100 {
		t.Errorf("state %+v, want at most 2000 bytes and the rest counted", state)
	}
	files, err := os.ReadDir(t.TempDir())
	if err != nil || len(files) != 0 {
		t.Errorf("files elsewhere: %v, %v", files, err)
	}
}

func TestWhatTheServiceWouldRefuse(t *testing.T) {
	server := ingestion.Start(t)
	client := open(t, server, nil, func(options *telemetry.Options) { options.MostSeries = 3 })
	many := gauge("many", 1)
	for n := range 11 {
		many.Labels[fmt.Sprint("label", n)] = "x"
	}
	for name, measurement := range map[string]mlops.Measurement{
		"dimensions": many, "not a number": gauge("nan", math.NaN()), "no name": gauge("", 1), "long name": gauge(strings.Repeat("x", 151), 1),
	} {
		if err := client.Record(t.Context(), "control", []mlops.Measurement{measurement, gauge("good", 1)}); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	for n := range 10 {
		grows := gauge("grows", 1)
		grows.Labels = map[string]string{"run": strconv.Itoa(n)}
		record(t, client, grows)
	}
	await(t, "the good ones", func() bool { return client.State().Sent == 4+2 })
	if dropped := client.State().Dropped; dropped[telemetry.DroppedSeries] != 8 || dropped[telemetry.DroppedInvalid] != 4 {
		t.Errorf("dropped %v, want 8 of a label that grows and 4 invalid ones", dropped)
	}
}

// rotating gives another token when a fresh one is asked for.
type rotating struct{ asked atomic.Int64 }

func (r *rotating) GetToken(_ context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if options.Claims != "" {
		r.asked.Add(1)
	}
	if len(options.Scopes) != 1 || options.Scopes[0] != "https://monitor.azure.com//.default" {
		return azcore.AccessToken{}, fmt.Errorf("scopes %v", options.Scopes)
	}
	return azcore.AccessToken{Token: fmt.Sprint("secret-", r.asked.Load()), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// A token that is refused is asked for anew, once; one that stays refused says which role is missing and not the token.
func TestTokens(t *testing.T) {
	server := ingestion.Start(t)
	server.Tokens = []string{"secret-1"}
	client := open(t, server, &rotating{}, nil)
	record(t, client, gauge("one", 1))
	await(t, "the item", func() bool { return client.State().Sent == 1 })
	server.Set(func(s *ingestion.Server) { s.Tokens = []string{"another"} })
	record(t, client, gauge("one", 2))
	await(t, "a refusal", func() bool { return client.State().LastError != "" })
	if said := client.State().LastError; !strings.Contains(said, "Monitoring Metrics Publisher") || strings.Contains(said, "secret") {
		t.Errorf("said %q", said)
	}
}

func TestParseConnection(t *testing.T) {
	for text, want := range map[string]telemetry.Connection{
		"InstrumentationKey=k": {InstrumentationKey: "k", Endpoint: "https://dc.services.visualstudio.com"},
		"instrumentationkey=k;INGESTIONENDPOINT=https://a.b/ ;;":                             {InstrumentationKey: "k", Endpoint: "https://a.b"},
		"InstrumentationKey=k;EndpointSuffix=ai.azure.us;Location=weu;AADAudience=https://x": {InstrumentationKey: "k", Endpoint: "https://weu.dc.ai.azure.us", Audience: "https://x"},
	} {
		if got, err := telemetry.ParseConnection(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "k", "InstrumentationKey=", "IngestionEndpoint=https://a.b", "InstrumentationKey=k;InstrumentationKey=l", "=k",
		"InstrumentationKey=k;IngestionEndpoint=http://a.b", "InstrumentationKey=k;IngestionEndpoint=https://user:secret@a.b", "InstrumentationKey=" + strings.Repeat("k", 5000),
	} {
		if got, err := telemetry.ParseConnection(text); !errors.Is(err, mlops.ErrInvalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.60q: %+v, %v; want invalid", text, got, err)
		}
	}
}

func FuzzParseConnection(f *testing.F) {
	f.Add("InstrumentationKey=k;IngestionEndpoint=https://a.b/")
	f.Fuzz(func(t *testing.T, text string) {
		connection, err := telemetry.ParseConnection(text)
		if err == nil && (connection.InstrumentationKey == "" || !strings.HasPrefix(connection.Endpoint, "http")) {
			t.Errorf("%q: %+v", text, connection)
		}
	})
}
