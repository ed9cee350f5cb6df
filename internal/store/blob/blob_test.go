package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/badnetwork"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/conformance"
)

// impatient tries as often as Azure needs, without its pauses.
var impatient = policy.RetryOptions{MaxRetries: 4, RetryDelay: time.Millisecond, MaxRetryDelay: 10 * time.Millisecond}

// open opens a new container through a network that misbehaves as choose says.
func open(t *testing.T, choose func(int, *http.Request) badnetwork.Fault) (*blob.Store, *badnetwork.Transport) {
	t.Helper()
	server := azurite.Shared(t)
	network := &badnetwork.Transport{Next: server.Client(), Choose: choose}
	return at(t, server, server.Container(t), blob.Options{Transport: network, Retry: impatient, BlockBytes: 64 << 10}), network
}

func at(t *testing.T, server *azurite.Server, url string, options blob.Options) *blob.Store {
	t.Helper()
	options.AccountKey = server.Key
	store, err := blob.Open(url, nil, options)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) platform.Store {
		store, _ := open(t, nil)
		return store
	})
}

// The same suite, on a network that loses every fifth reply, throttles, fails and resets.
func TestConformanceOnABadNetwork(t *testing.T) {
	conformance.Run(t, func(t *testing.T) platform.Store {
		random, inRow := rand.New(rand.NewPCG(1, 2)), map[string]int{}
		store, _ := open(t, func(_ int, request *http.Request) badnetwork.Fault {
			// Fewer in a row than a call has tries: which call meets which fault depends on who comes first.
			if to := request.Method + " " + request.URL.RequestURI(); inRow[to] >= 2 {
				inRow[to] = 0
				return badnetwork.Fault{}
			} else {
				inRow[to]++
			}
			switch random.IntN(20) {
			case 0, 1, 2, 3:
				return badnetwork.Fault{Lose: true}
			case 4:
				return badnetwork.Fault{Status: http.StatusServiceUnavailable, Headers: map[string]string{"x-ms-error-code": "ServerBusy"}}
			case 5:
				return badnetwork.Fault{Status: http.StatusTooManyRequests}
			case 6:
				return badnetwork.Fault{Status: http.StatusInternalServerError}
			case 7:
				return badnetwork.Fault{Refuse: true}
			case 8:
				return badnetwork.Fault{BreakBody: 1}
			}
			return badnetwork.Fault{}
		})
		return stubborn{store}
	})
}

// stubborn asks again where the store has given up: with that many faults all tries of one call may fail.
type stubborn struct{ platform.Store }

func (s stubborn) Read(ctx context.Context, key string) (data []byte, err error) {
	again(func() error { data, err = s.Store.Read(ctx, key); return err })
	return data, err
}

func (s stubborn) List(ctx context.Context, prefix, after string, limit int) (entries []platform.Entry, err error) {
	again(func() error { entries, err = s.Store.List(ctx, prefix, after, limit); return err })
	return entries, err
}

func (s stubborn) Delete(ctx context.Context, key string) (err error) {
	again(func() error { err = s.Store.Delete(ctx, key); return err })
	return err
}

func again(call func() error) {
	for range 20 {
		err := call()
		if err == nil || errors.Is(err, mlops.ErrNotFound) || errors.Is(err, mlops.ErrInvalid) || errors.Is(err, mlops.ErrExists) {
			return
		}
	}
}

// Every call in turn loses its reply, is throttled, fails, is refused, or breaks: the create has its effect once, and says so.
func TestCreateSurvivesAFaultAtEveryCall(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 16<<10) // four blocks
	for name, fault := range faults {
		for number := 1; ; number++ {
			reached := false
			store, _ := open(t, func(n int, _ *http.Request) badnetwork.Fault {
				if n == number {
					reached = true
					return fault
				}
				return badnetwork.Fault{}
			})
			if err := store.CreateFrom(t.Context(), "data/large", bytes.NewReader(large)); err != nil {
				t.Fatalf("%s at call %d: %v", name, number, err)
			}
			if !reached {
				if number < 7 {
					t.Fatalf("%s: a large document took %d calls, want a look, four blocks and a commit", name, number-1)
				}
				break
			}
			data, err := store.Read(t.Context(), "data/large")
			if err != nil || !bytes.Equal(data, large) {
				t.Errorf("%s at call %d: %d bytes, %v", name, number, len(data), err)
			}
			if err := store.CreateFrom(t.Context(), "data/large", bytes.NewReader(large)); !errors.Is(err, mlops.ErrExists) {
				t.Errorf("%s at call %d: the second create says %v, want that it exists", name, number, err)
			}
		}
	}
}

var faults = map[string]badnetwork.Fault{
	"lost reply": {Lose: true},
	"throttled":  {Status: http.StatusServiceUnavailable, Headers: map[string]string{"Retry-After": "0"}},
	"too many":   {Status: http.StatusTooManyRequests},
	"failure":    {Status: http.StatusInternalServerError},
	"refused":    {Refuse: true},
}

// A reply that is lost each time, so that the call fails, is settled by looking.
func TestCreateWhoseRepliesAreAllLost(t *testing.T) {
	store, _ := open(t, func(_ int, request *http.Request) badnetwork.Fault {
		return badnetwork.Fault{Lose: request.Method == http.MethodPut}
	})
	if err := store.Create(t.Context(), "a.json", []byte("mine")); err != nil {
		t.Errorf("create: %v, want done", err)
	}
	if err := store.Create(t.Context(), "a.json", []byte("mine")); !errors.Is(err, mlops.ErrExists) {
		t.Errorf("another create of the same bytes: %v, want that it exists", err)
	}
}

// Two who send the same large document at once do not mix their blocks, and one of them wins.
func TestWritersOfOneLargeDocument(t *testing.T) {
	store, _ := open(t, nil)
	const writers = 6
	contents, won := make([][]byte, writers), make([]bool, writers)
	var group sync.WaitGroup
	for writer := range writers {
		contents[writer] = bytes.Repeat([]byte{byte('a' + writer)}, 300<<10)
		group.Go(func() {
			err := store.CreateFrom(context.WithoutCancel(t.Context()), "data/race", bytes.NewReader(contents[writer]))
			if err != nil && !errors.Is(err, mlops.ErrExists) {
				t.Errorf("writer %d: %v", writer, err)
			}
			won[writer] = err == nil
		})
	}
	group.Wait()
	data, err := store.Read(t.Context(), "data/race")
	if err != nil {
		t.Fatal(err)
	}
	winners := 0
	for writer := range writers {
		if won[writer] {
			winners++
			if !bytes.Equal(data, contents[writer]) {
				t.Errorf("writer %d won, and the document is another", writer)
			}
		}
	}
	if winners != 1 {
		t.Errorf("%d winners, want one", winners)
	}
}

// A stream whose connection breaks again and again is taken up where it broke.
func TestOpenResumes(t *testing.T) {
	large := make([]byte, 1<<20)
	for i := range large {
		large[i] = byte(i * 7 >> 3)
	}
	store, network := open(t, func(_ int, request *http.Request) badnetwork.Fault {
		if request.Method == http.MethodGet {
			return badnetwork.Fault{BreakBody: 100 << 10}
		}
		return badnetwork.Fault{}
	})
	if err := store.CreateFrom(t.Context(), "data/large", bytes.NewReader(large)); err != nil {
		t.Fatal(err)
	}
	network.Forget()
	data, err := store.Read(t.Context(), "data/large")
	if err != nil || !bytes.Equal(data, large) {
		t.Fatalf("read %d of %d bytes, %v", len(data), len(large), err)
	}
	if calls := len(network.Requests()); calls != 11 {
		t.Errorf("%d calls, want 11 of 100 KiB", calls)
	}
}

// Somebody who puts another document in its place in the middle of a stream is noticed.
func TestOpenDoesNotMixDocuments(t *testing.T) {
	server := azurite.Shared(t)
	url := server.Container(t)
	plain := at(t, server, url, blob.Options{BlockBytes: 4 << 20})
	broken := false
	network := &badnetwork.Transport{Next: server.Client(), Choose: func(_ int, request *http.Request) badnetwork.Fault {
		if request.Method == http.MethodGet && !broken {
			broken = true
			return badnetwork.Fault{BreakBody: 1000}
		}
		return badnetwork.Fault{}
	}}
	store := at(t, server, url, blob.Options{Transport: network, Retry: impatient})
	create := func(with byte) {
		if err := plain.Create(t.Context(), "data/x", bytes.Repeat([]byte{with}, 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	create('a')
	stream, err := store.Open(t.Context(), "data/x")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if _, err := io.ReadFull(stream, make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	if err := plain.Delete(t.Context(), "data/x"); err != nil {
		t.Fatal(err)
	}
	create('b')
	if data, err := io.ReadAll(stream); err == nil {
		t.Errorf("a stream of two documents: %d bytes and no error", len(data))
	}
}

// What never gets better is an error in time, for every call, and says what happened.
func TestEveryCallAgainstAServerThatStaysBad(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	retry := impatient
	retry.TryTimeout = 20 * time.Millisecond
	server := azurite.Shared(t)
	url := server.Container(t)
	for name, bad := range map[string]struct {
		fault badnetwork.Fault
		want  string
	}{
		"429":   {badnetwork.Fault{Status: http.StatusTooManyRequests}, "too busy"},
		"503":   {badnetwork.Fault{Status: http.StatusServiceUnavailable}, "too busy"},
		"500":   {badnetwork.Fault{Status: http.StatusInternalServerError}, "stayed so through all tries"},
		"hangs": {badnetwork.Fault{Hang: true}, "no answer in time (a try waits 20ms)"},
		"gone":  {badnetwork.Fault{Refuse: true}, "connection refused"},
	} {
		network := &badnetwork.Transport{Next: server.Client(), Choose: func(int, *http.Request) badnetwork.Fault { return bad.fault }}
		store := at(t, server, url, blob.Options{Transport: network, Retry: retry, BlockBytes: 1 << 10})
		for verb, call := range calls(ctx, store) {
			if err := call(); err == nil || !strings.Contains(err.Error(), bad.want) {
				t.Errorf("%s, %s: %v, want %q", name, verb, err, bad.want)
			}
		}
	}
}

// A caller that gives up is obeyed at once.
func TestEveryCallEndsWithItsContext(t *testing.T) {
	server := azurite.Shared(t)
	network := &badnetwork.Transport{Next: server.Client(), Choose: func(int, *http.Request) badnetwork.Fault { return badnetwork.Fault{Hang: true} }}
	store := at(t, server, server.Container(t), blob.Options{Transport: network})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for verb, call := range calls(ctx, store) {
		if err := call(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want that the deadline passed", verb, err)
		}
	}
}

func calls(ctx context.Context, store *blob.Store) map[string]func() error {
	return map[string]func() error{
		"read":        func() error { _, err := store.Read(ctx, "a.json"); return err },
		"open":        func() error { _, err := store.Open(ctx, "a.json"); return err },
		"create":      func() error { return store.Create(ctx, "a.json", []byte("{}")) },
		"create from": func() error { return store.CreateFrom(ctx, "large", bytes.NewReader(make([]byte, 10<<10))) },
		"list":        func() error { _, err := store.List(ctx, "a", "", 0); return err },
		"list after":  func() error { _, err := store.List(ctx, "a", "a/b", 0); return err },
		"delete":      func() error { return store.Delete(ctx, "a.json") },
	}
}

// What Azure refuses is said with its cause and the next step.
func TestRefusalsSayWhatToDo(t *testing.T) {
	server := azurite.Shared(t)
	scope := "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/flights"
	for code, want := range map[string][]string{
		"AuthorizationPermissionMismatch":    {"403", `"Storage Blob Data Contributor"`, scope},
		"AuthorizationFailure":               {"403", "firewall", "private agent"},
		"AuthenticationFailed":               {"expired", "tenant"},
		"InvalidAuthenticationInfo":          {"expired", "tenant"},
		"KeyBasedAuthenticationNotPermitted": {"403", "forbidden"},
	} {
		network := &badnetwork.Transport{Next: server.Client(), Choose: func(int, *http.Request) badnetwork.Fault {
			return badnetwork.Fault{Status: http.StatusForbidden, Headers: map[string]string{"x-ms-error-code": code}}
		}}
		store := at(t, server, server.URL+"/mlopstest/any", blob.Options{Transport: network, Retry: impatient, Scope: scope})
		for verb, call := range calls(t.Context(), store) {
			err := call()
			for _, part := range append(want, "mlopstest/any") {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%s, %s: %v, want %q in it", code, verb, err, part)
				}
			}
		}
	}
}

func TestMissingContainerIsNamed(t *testing.T) {
	server := azurite.Shared(t)
	store := at(t, server, server.Endpoint(azurite.DefaultAccount)+"/nowhere", blob.Options{Retry: impatient})
	for verb, call := range calls(t.Context(), store) {
		if err := call(); !errors.Is(err, mlops.ErrNotFound) || !strings.Contains(err.Error(), "container mlopstest/nowhere") {
			t.Errorf("%s: %v, want not found and the container's name", verb, err)
		}
	}
}

// A role that was assigned just now is waited for, one that nobody assigned is not.
func TestAwaitAccess(t *testing.T) {
	for _, patience := range []time.Duration{0, time.Hour} {
		store := at(t, azurite.Shared(t), azurite.Shared(t).Container(t), blob.Options{
			AwaitAccess: patience, AccessPause: time.Millisecond, Retry: impatient,
			Transport: &badnetwork.Transport{Next: azurite.Shared(t).Client(), Choose: func(n int, _ *http.Request) badnetwork.Fault {
				if n <= 3 {
					return badnetwork.Fault{Status: http.StatusForbidden, Headers: map[string]string{"x-ms-error-code": "AuthorizationPermissionMismatch"}}
				}
				return badnetwork.Fault{}
			}},
		})
		if err := store.Create(t.Context(), "a.json", []byte("{}")); (err == nil) != (patience > 0) {
			t.Errorf("with a patience of %s: %v", patience, err)
		}
	}
}

// Listing from a cursor asks for what follows it alone, where the server knows how.
func TestListTellsTheServerWhereToStart(t *testing.T) {
	server := azurite.Shared(t)
	url := server.Container(t)
	network := &badnetwork.Transport{Next: startsFrom{next: server.Client(), all: at(t, server, url, blob.Options{})}}
	store := at(t, server, url, blob.Options{Transport: network})
	for n := range 30 {
		if err := store.Create(t.Context(), fmt.Sprintf("l/%02d.json", n), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Create(t.Context(), "m/1.json", nil); err != nil {
		t.Fatal(err)
	}
	network.Forget()
	entries, err := store.List(t.Context(), "l/", "l/26.json", 0)
	if err != nil || len(entries) != 3 || entries[0].Key != "l/27.json" {
		t.Errorf("listed %v, %v; want the three after 26", entries, err)
	}
	entries, err = store.List(t.Context(), "l/", "l/03.json", 2)
	if err != nil || len(entries) != 2 || entries[0].Key != "l/04.json" {
		t.Errorf("listed %v, %v; want two after 03", entries, err)
	}
	for _, request := range network.Requests() {
		if !strings.Contains(request, "startFrom=") || strings.Contains(request, "prefix=") {
			t.Errorf("asked %s, want a start and no prefix", request)
		}
	}
	if calls := len(network.Requests()); calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

// A token goes over https, and one that has ended is said to have.
func TestTokens(t *testing.T) {
	server := azurite.Start(t, azurite.Options{OAuth: true})
	url := server.Container(t)
	for _, life := range []time.Duration{time.Hour, -time.Hour} {
		store, err := blob.Open(url, azurite.Credential{Expires: time.Now().Add(life)}, blob.Options{Transport: server.Client(), Retry: impatient})
		if err != nil {
			t.Fatal(err)
		}
		err = store.Create(t.Context(), "a.json", []byte("{}"))
		if life > 0 && err != nil {
			t.Errorf("create: %v", err)
		}
		if life < 0 && (err == nil || !strings.Contains(err.Error(), "expired")) {
			t.Errorf("create with an old token: %v, want that it has expired", err)
		}
	}
}

func TestURLsThatAreNoContainer(t *testing.T) {
	for _, url := range []string{"", "flights", "https://a.blob.core.windows.net", "https://a.blob.core.windows.net/", "https://a.blob.core.windows.net/c?sig=x", "%"} {
		if _, err := blob.Open(url, azurite.Credential{}, blob.Options{}); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%q: %v, want invalid", url, err)
		}
	}
}
