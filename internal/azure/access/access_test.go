package access_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/access"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
)

// world is a project's containers and everybody who touches them.
type world struct {
	fake    *armfake.Fake
	client  *arm.Client
	places  access.Places
	parties access.Parties
	names   map[string]string // object id of "control", "jobs", "serving", "terraform", "ada", "bob"
}

func scene(t *testing.T) world {
	t.Helper()
	fake := armfake.Start(t, armfake.Options{})
	client, err := arm.New(arm.Endpoint{URL: fake.URL, Audience: fake.Audience()}, fake.Credential(fake.Administrator), arm.Options{
		Transport: fake.Client(), RetryDelay: time.Millisecond, PollEvery: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	w := world{fake: fake, client: client, names: map[string]string{}}
	account := fake.StorageAccount("rg", "acc", "")
	for _, name := range []string{"flights", "flights-audit", "flights-inbox"} {
		fake.Put(account+"/blobServices/default/containers/"+name, map[string]any{"properties": map[string]any{}})
	}
	containers := account + "/blobServices/default/containers/"
	w.places = access.Places{Container: containers + "flights", Audit: containers + "flights-audit", Inbox: containers + "flights-inbox", Telemetry: fake.Component("rg", "ai", "")}
	for _, name := range []string{"control", "jobs", "serving", "terraform", "ada", "bob"} {
		w.names[name] = fake.Application(name).ObjectID
	}
	w.parties = access.Parties{
		Control: w.names["control"], Jobs: w.names["jobs"], Serving: w.names["serving"], Terraform: w.names["terraform"],
		People: []access.Person{{w.names["ada"], access.User, "data_scientist"}, {w.names["bob"], access.User, "mlops_engineer"}},
	}
	return w
}

// Nobody but the controller can put an event, an approval or an audit head where it counts, and everybody can do their work.
func TestWhoMayWriteWhat(t *testing.T) {
	w := scene(t)
	if fresh, err := access.Ensure(t.Context(), w.client, access.Needed(w.places, w.parties)); err != nil || !fresh {
		t.Fatalf("%v %v", fresh, err)
	}
	ada, bob := w.names["ada"]+"/1.json", w.names["bob"]+"/1.json"
	for _, test := range []struct {
		container, path string
		writers         string // who may create a blob there
	}{
		{w.places.Container, "logs/delay/000000000007.json", "control"},
		{w.places.Container, "snapshots/logs/delay/000000000256.json", "control"},
		{w.places.Container, "alerts/logs/delay/1.json", "control"},
		{w.places.Container, "specs/models/delay/000000000001.json", "control terraform"},
		{w.places.Container, "standing/clusters/000000000001.json", "control terraform"},
		{w.places.Container, "standing/observed/services/delay/000000000001.json", "control"},
		{w.places.Container, "data/sha256/00", "control jobs terraform"},
		{w.places.Container, "datasets/flights/1/manifest.json", "control jobs terraform"},
		{w.places.Container, "runs/delay/run-1/1/train.json", "control jobs"},
		{w.places.Container, "reports/delay/x.json", "control jobs"},
		{w.places.Container, "monitors/delay/000000000001.json", "control jobs"},
		{w.places.Container, "records/delay/x.jsonl", "control serving"},
		{w.places.Container, "records", "control"},
		{w.places.Audit, "2026/01/02/03.json", "control"},
		{w.places.Inbox, ada, "control ada"},
		{w.places.Inbox, bob, "control bob"},
		{w.places.Inbox, "loose.json", "control"},
		{w.places.Inbox, strings.ToUpper(w.names["ada"]) + "/1.json", "control"}, // paths have case
		{w.places.Inbox, w.names["ada"] + "x/1.json", "control"},
	} {
		for who, id := range w.names {
			want := strings.Contains(" "+test.writers+" ", " "+who+" ")
			for _, action := range []string{"write", "add/action", "move/action"} {
				if got := w.fake.Allowed(id, armfake.Access{Container: test.container, Action: action, Path: test.path}); got != want {
					t.Errorf("%s: %s of %s: %v", who, action, test.path, got)
				}
			}
		}
	}
	for who, want := range map[string]bool{"control": true, "ada": false, "bob": true, "jobs": false} {
		if got := w.fake.Allowed(w.names[who], armfake.Access{Container: w.places.Inbox, Action: "delete", Path: bob}); got != want {
			t.Errorf("%s: delete of bob's request: %v", who, got)
		}
	}
	for _, who := range []string{"ada", "jobs", "serving", "control", "terraform"} {
		if !w.fake.Allowed(w.names[who], armfake.Access{Container: w.places.Container, Action: "read", Path: "logs/delay/1.json"}) {
			t.Errorf("%s cannot read", who)
		}
	}
}

func TestEnsureIsIdempotent(t *testing.T) {
	w := scene(t)
	grants := access.Needed(w.places, w.parties)
	if _, err := access.Ensure(t.Context(), w.client, grants); err != nil {
		t.Fatal(err)
	}
	w.fake.ForgetCalls()
	if fresh, err := access.Ensure(t.Context(), w.client, grants); err != nil || fresh {
		t.Errorf("again: %v %v", fresh, err)
	}
	if calls := len(w.fake.Calls()); calls != 4 {
		t.Errorf("%d calls to look at 4 scopes", calls)
	}
	// A hand edit of a condition is put right.
	if !w.fake.Edit(grants[0].ID(), func(body map[string]any) { body["properties"].(map[string]any)["condition"] = "other" }) {
		t.Fatal("no such assignment")
	}
	if fresh, err := access.Ensure(t.Context(), w.client, grants); err != nil || !fresh {
		t.Errorf("repair: %v %v", fresh, err)
	}
	// Bob leaves.
	fewer := w.parties
	fewer.People = fewer.People[:1]
	gone := access.Gone(grants, access.Needed(w.places, fewer))
	if len(gone) != 3 {
		t.Errorf("gone: %v", gone)
	}
	for range 2 {
		if err := access.Revoke(t.Context(), w.client, gone); err != nil {
			t.Error(err)
		}
	}
	if w.fake.Allowed(w.names["bob"], armfake.Access{Container: w.places.Container, Action: "read", Path: "x"}) {
		t.Error("bob still reads")
	}
	if err := access.Revoke(t.Context(), w.client, grants); err != nil || len(w.fake.Inventory()) != 0 {
		t.Errorf("%v, left %v", err, w.fake.Inventory())
	}
}

// Told not to manage assignments, the provider says which, and takes what the platform team has made under other names.
func TestMissing(t *testing.T) {
	w := scene(t)
	grants := access.Needed(w.places, w.parties)
	survey, err := access.Look(t.Context(), w.client, grants)
	if err != nil || len(survey.Missing) != len(grants) || len(survey.Wider) != 0 {
		t.Fatalf("%d of %d missing, %v, %v", len(survey.Missing), len(grants), survey.Wider, err)
	}
	w.fake.Assign(armfake.Principal{ObjectID: w.names["control"]}, armfake.BlobOwner, w.places.Container)
	w.fake.Assign(armfake.Principal{ObjectID: w.names["ada"]}, armfake.BlobContributor, w.places.Inbox[:strings.Index(w.places.Inbox, "/blobServices")])
	survey, err = access.Look(t.Context(), w.client, grants)
	if err != nil || len(survey.Missing) != len(grants)-4 {
		t.Errorf("%d of %d missing, %v", len(survey.Missing), len(grants), err)
	}
	if len(survey.Wider) != 3 || !strings.Contains(survey.Wider[0], "data_scientist") || !strings.Contains(survey.Wider[0], "write anywhere") {
		t.Errorf("%q", survey.Wider)
	}
	text := grants[len(grants)-1]
	if !strings.Contains(text.String(), `role "Storage Blob Data Contributor" for mlops_engineer`) || !strings.Contains(text.Command(), "--condition '((!(ActionMatches{'\\''") {
		t.Errorf("%s\n%s", text, text.Command())
	}
}

func TestOnePrincipalForAll(t *testing.T) {
	w := scene(t)
	all := access.Parties{Control: "one", Jobs: "one", Serving: "one"}
	for _, grant := range access.Needed(w.places, all) {
		if grant.Condition != "" {
			t.Errorf("bounded: %v", grant)
		}
	}
	two := access.Needed(w.places, access.Parties{Jobs: "one", Serving: "one"})
	if _, err := access.Ensure(t.Context(), w.client, two); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"records/x": true, "runs/x": true, "logs/x": false} {
		if got := w.fake.Allowed("one", armfake.Access{Container: w.places.Container, Action: "write", Path: path}); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestNeedsTheRightToGrant(t *testing.T) {
	w := scene(t)
	contributor := w.fake.Application("contributor")
	w.fake.Assign(contributor, armfake.Contributor, w.fake.ResourceGroup("rg"))
	client, err := arm.New(arm.Endpoint{URL: w.fake.URL, Audience: w.fake.Audience()}, w.fake.Credential(contributor), arm.Options{Transport: w.fake.Client()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = access.Ensure(t.Context(), client, access.Needed(w.places, w.parties))
	if !arm.Forbidden(err) || !strings.Contains(err.Error(), `"Role Based Access Control Administrator" on the scope`) {
		t.Errorf("%v", err)
	}
}

func credentials(identity string, names ...string) []access.Federated {
	var wanted []access.Federated
	for _, name := range names {
		wanted = append(wanted, access.Federated{IdentityID: identity, Issuer: "https://issuer/1/", Subject: access.ServiceAccount("flights", name)})
	}
	return wanted
}

// Several applies at once write one after another, and each credential is there once.
func TestFederated(t *testing.T) {
	w := scene(t)
	identity, _ := w.fake.Identity("rg", "jobs")
	wanted := credentials(identity, "control", "jobs", "jobs", "serving")
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			if _, err := access.EnsureFederated(t.Context(), w.client, wanted); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := w.fake.Ids("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"); len(got) != 3 {
		t.Errorf("%v", got)
	}
	w.fake.ForgetCalls()
	if fresh, err := access.EnsureFederated(t.Context(), w.client, wanted); err != nil || fresh || len(w.fake.Calls()) != 1 {
		t.Errorf("again: %v %v, %d calls", fresh, err, len(w.fake.Calls()))
	}
	missing, err := access.MissingFederated(t.Context(), w.client, credentials(strings.ToUpper(identity), "jobs", "other"))
	if err != nil || len(missing) != 1 || !strings.Contains(missing[0].Command(), "--subject 'system:serviceaccount:flights:other'") {
		t.Errorf("%v %v", missing, err)
	}
	for range 2 {
		if err := access.RemoveFederated(t.Context(), w.client, wanted); err != nil || len(w.fake.Inventory()) != 0 {
			t.Errorf("%v, left %v", err, w.fake.Inventory())
		}
	}
	w.fake.Remove(identity)
	if err := access.RemoveFederated(t.Context(), w.client, wanted); err != nil {
		t.Errorf("the identity is gone: %v", err)
	}
}

// Every call in turn goes wrong once: the outcome is the same, and nothing is made twice.
func TestEveryCallGoesWrong(t *testing.T) {
	for name, wrong := range map[string]armfake.Misbehaviour{
		"throttled": armfake.Throttle(time.Millisecond), "500": armfake.ServerError(), "cut": armfake.Cut(), "lost": armfake.LoseReply(),
	} {
		for call := 1; ; call++ {
			w := scene(t)
			identity, _ := w.fake.Identity("rg", "jobs")
			w.parties.People = nil
			grants := access.Needed(w.places, w.parties)
			w.fake.Misbehave(wrong, 1, armfake.Nth(call))
			if _, err := access.Ensure(t.Context(), w.client, grants); err != nil {
				t.Fatalf("%s call %d: %v", name, call, err)
			}
			if _, err := access.EnsureFederated(t.Context(), w.client, credentials(identity, "control")); err != nil {
				t.Fatalf("%s call %d: %v", name, call, err)
			}
			if got := len(w.fake.Inventory()); got != len(grants)+1 {
				t.Fatalf("%s call %d: %d things", name, call, got)
			}
			if call > len(w.fake.Calls()) {
				break
			}
		}
	}
}
