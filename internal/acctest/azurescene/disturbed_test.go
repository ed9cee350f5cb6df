package azurescene_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/badnetwork"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/cli"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/inprocess"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/provider"
)

// everyCall asks for the long forms of these tests, in which every call has its turn: make every-call.
var everyCall = os.Getenv("MLOPS_EVERY_CALL") != ""

// disturbed is the example behind a gate, with all that a project makes in Azure: it is made, changed once a version is
// champion, and destroyed.
type disturbed struct {
	t         *testing.T
	scene     *azurescene.Scene
	plane     *kubernetes.Plane
	gate      *azurescene.Passage
	namespace string
	options   azure.Options
	made      string // configurations
	changed   string
}

func disturb(t *testing.T) *disturbed {
	t.Helper()
	t.Parallel() // most of the time they wait
	plane := kubernetes.Shared(t)
	d := &disturbed{t: t, scene: azurescene.Start(t), plane: plane, namespace: plane.Namespace(t)}
	d.gate = d.scene.Passage(t, plane)
	environment := d.gate.Environment(d.scene.Terraform)
	d.options = azure.Options{
		Environment: func(name string) string { return environment[name] }, Transport: d.scene.Cloud.Client(), Retry: 10 * time.Millisecond,
	}
	config := example(t, d.scene, d.scene.Cloud.Cluster(d.scene.Group, "weu", d.gate.Kubeconfig(plane, "admin")), d.namespace)
	ada := d.scene.Cloud.Application("ada")
	d.made = replaceAll(t, config,
		`"*/5 * * * *"`, `"0 3 1 1 *"`, // no schedule may start a job meanwhile
		"identities = {", "manage_role_assignments = true\n    identities = {\n      manage_federated_credentials = true",
		`principal_id = var.approvers, principal_type = "Group"`, fmt.Sprintf(`principal_id = %q, principal_type = "ServicePrincipal"`, ada.ObjectID))
	d.changed = replaceAll(t, d.made,
		"replicas        = 2", "autoscaling     = { minimum = 2, maximum = 4, cpu_percent = 70 }",
		`"0 3 1 1 *"`, `"0 4 1 1 *"`, fmt.Sprintf(", principal_id = %q, principal_type = \"ServicePrincipal\"", ada.ObjectID), "",
		`cooldown = "24h"`, `cooldown = "48h"`)
	return d
}

func replaceAll(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for pair := range slices.Chunk(pairs, 2) {
		if !strings.Contains(text, pair[0]) {
			t.Fatalf("the example says %q no more:\n%s", pair[0], text)
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text
}

// terraform is a working directory whose provider must pass the gate.
func (d *disturbed) terraform() *inprocess.Terraform {
	return &inprocess.Terraform{Provider: func() (tfprotov6.ProviderServer, error) {
		return providerserver.NewProtocol6WithError(provider.New(provider.PlacesOn(d.options)))()
	}}
}

// phase is one step in the life of the example.
type phase struct {
	name string
	// before is what others do beforehand.
	before func()
	config string // "" destroys
}

func (d *disturbed) phases() []phase {
	return []phase{
		{"create", func() {}, d.made},
		{"change", d.promote, d.changed},
		{"destroy", func() {}, ""},
	}
}

// promote does what a controller would until there is a champion.
func (d *disturbed) promote() {
	d.t.Helper()
	in := d.scene.Open(d.t, "flights")
	version, run := acctest.Register(d.t, in, "flight-delay")
	acctest.Promoting(d.t, in, "flight-delay", run, version)
	acctest.Promoted(d.t, in, "flight-delay", run, version)
}

func (d *disturbed) inventory() azurescene.Inventory {
	d.t.Helper()
	return d.scene.Inventory(d.t, d.plane, "flights", d.namespace)
}

// settled waits until the cluster has collected what was removed.
func (d *disturbed) settled() {
	d.t.Helper()
	if err := eventually.Objection(func() error {
		if left := azurescene.Objects(d.t, d.plane, d.namespace); len(left) > 0 {
			return fmt.Errorf("left in the cluster: %v", left)
		}
		return nil
	}); err != nil {
		d.t.Error(err)
	}
}

// apply is one apply that nobody disturbs, after which nothing is left to do.
func (d *disturbed) apply(in *inprocess.Terraform, config string) {
	d.t.Helper()
	d.gate.Choose(nil)
	if err := in.Apply(d.t.Context(), config); err != nil {
		d.t.Fatal(err)
	}
	if changes, err := in.Plan(d.t.Context(), config); err != nil || len(changes) > 0 {
		d.t.Errorf("a plan behind the apply: %v, %v\n%s", changes, err, strings.Join(in.Warnings, "\n"))
	}
	if config == "" {
		d.settled()
	}
}

// undisturbed is the life of the example: for each phase the calls of its apply and what there is behind it.
func (d *disturbed) undisturbed() (calls [][]azurescene.Call, after []azurescene.Inventory) {
	d.t.Helper()
	in := d.terraform()
	for _, phase := range d.phases() {
		phase.before()
		d.gate.Choose(nil)
		if err := in.Apply(d.t.Context(), phase.config); err != nil {
			d.t.Fatalf("%s: %v", phase.name, err)
		}
		calls = append(calls, d.gate.Calls())
		d.apply(in, phase.config)
		after = append(after, d.inventory())
	}
	return calls, after
}

// spread are the calls from first to last that have their turn: all in the long form, else so many of them.
func spread(first, last, short int) []int {
	var calls []int
	for call := first; call <= last; call++ {
		if everyCall || (call-first)*short/(last-first+1) != (call-first-1)*short/(last-first+1) || call == first {
			calls = append(calls, call)
		}
	}
	return calls
}

// firstWrite is the number of the first call that may change something.
func firstWrite(calls []azurescene.Call) int {
	return slices.IndexFunc(calls, azurescene.Call.Writes) + 1
}

// lives takes the example through its life again and again, from nothing to nothing, and disturbs each phase once in each:
// with the calls of turns in turn. Behind each phase stands what would stand there undisturbed.
func (d *disturbed) lives(want []azurescene.Inventory, turns [][]int, disturb func(in *inprocess.Terraform, phase phase, call int)) {
	d.t.Helper()
	for life := range max(len(turns[0]), len(turns[1]), len(turns[2])) {
		in := d.terraform()
		for i, phase := range d.phases() {
			phase.before()
			call := 0
			if life < len(turns[i]) {
				call = turns[i][life]
				disturb(in, phase, call)
			}
			d.apply(in, phase.config)
			if diff := d.inventory().Differs(want[i]); diff != "" {
				d.t.Errorf("%s, disturbed at call %d:\n%s", phase.name, call, diff)
			}
			if d.t.Failed() {
				d.t.FailNow()
			}
		}
	}
}

// kill is an apply whose process is killed when a call has been done and before its answer comes. It says whether the apply
// came so far.
func (d *disturbed) kill(in *inprocess.Terraform, config string, call int) (hit bool) {
	ctx, cancel := context.WithCancel(d.t.Context())
	defer cancel()
	d.gate.Kill(call, cancel)
	_ = in.Apply(ctx, config)
	return len(d.gate.Calls()) >= call
}

// An apply, and a destroy, is killed after every single call. The next apply comes to where an undisturbed one does: nothing
// is left to plan, nothing is orphaned, nothing is made twice.
func TestKilledAfterEveryCall(t *testing.T) {
	d := disturb(t)
	calls, want := d.undisturbed()
	d.killRealTerraform(want[0])
	turns := make([][]int, len(calls))
	for i := range calls {
		turns[i] = spread(firstWrite(calls[i]), len(calls[i]), 4)
	}
	kills := 0
	// Whoever is killed before the first write has changed nothing: one world serves all of them.
	before := func(in *inprocess.Terraform, i int) {
		seen := d.inventory()
		for _, call := range spread(1, firstWrite(calls[i])-1, 2) {
			if d.kill(in, d.phases()[i].config, call) {
				kills++
			}
		}
		if diff := d.inventory().Differs(seen); diff != "" {
			t.Errorf("%s has changed something before its first write:\n%s", d.phases()[i].name, diff)
		}
	}
	first := map[string]bool{}
	d.lives(want, turns, func(in *inprocess.Terraform, phase phase, call int) {
		if !first[phase.name] {
			first[phase.name] = true
			before(in, len(first)-1)
		}
		if d.kill(in, phase.config, call) {
			kills++
		}
	})
	total := len(calls[0]) + len(calls[1]) + len(calls[2])
	t.Logf("killed after %d of %d calls: ARM, blobs and Kubernetes together", kills, total)
	if kills < 15 || everyCall && kills < total {
		t.Errorf("%d kills are too few: this test proves too little", kills)
	}
}

// throttled answers 429, in the words of whoever is asked; a fifth of them with a second to wait.
func throttled(call azurescene.Call) badnetwork.Fault {
	fault := badnetwork.Fault{Status: http.StatusTooManyRequests, Headers: map[string]string{"Content-Type": "application/json"}}
	switch {
	case call.Number%5 == 0:
		fault.Headers["Retry-After"] = "1"
	case call.Back == azurescene.Kubernetes:
		fault.Headers["Retry-After"] = "0"
	default:
		fault.Headers["Retry-After-Ms"], fault.Headers["X-Ms-Retry-After-Ms"] = "10", "10"
	}
	return fault
}

func broken(azurescene.Call) badnetwork.Fault {
	return badnetwork.Fault{Status: http.StatusInternalServerError, Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"error": {"code": "InternalError", "message": "it broke"}}`}
}

func unanswered(azurescene.Call) badnetwork.Fault { return badnetwork.Fault{Hang: true} }

// Every call is throttled once: each is tried again when it should, and nobody notices.
func TestEveryCallIsThrottled(t *testing.T) {
	d := disturb(t)
	_, want := d.undisturbed()
	throttles, each := 0, 12
	if everyCall {
		each = 1
	}
	in := d.terraform()
	for i, phase := range d.phases() {
		phase.before()
		last, count := "", 0
		d.gate.Choose(func(call azurescene.Call) badnetwork.Fault {
			if again := fmt.Sprint(call.Method, call.Path); again != last { // the same call once more is the try after
				if last, count = again, count+1; count%each == 0 {
					throttles++
					return throttled(call)
				}
			}
			last = ""
			return badnetwork.Fault{}
		})
		if err := in.Apply(t.Context(), phase.config); err != nil {
			t.Fatalf("%s: %v", phase.name, err)
		}
		d.apply(in, phase.config)
		if diff := d.inventory().Differs(want[i]); diff != "" {
			t.Errorf("%s:\n%s", phase.name, diff)
		}
	}
	t.Logf("%d calls were throttled", throttles)
}

// A call fails for good with 500, or nobody ever answers it: the apply ends within its timeouts, says what is wrong, keeps what
// is in state, and the next one comes to where an undisturbed one does.
func TestEveryCallFails(t *testing.T) {
	d := disturb(t)
	d.options.Try = patience + 2*time.Second
	calls, want := d.undisturbed()
	for name, wrong := range map[string]func(azurescene.Call) badnetwork.Fault{"500": broken, "no answer": unanswered} {
		turns := make([][]int, len(calls))
		for i := range calls {
			turns[i] = spread(1, len(calls[i]), 2)
		}
		hits, told := 0, 0
		d.lives(want, turns, func(in *inprocess.Terraform, phase phase, at int) {
			hit, until := "", time.Time{}
			d.gate.Choose(func(call azurescene.Call) badnetwork.Fault {
				if call.Number == at {
					hits, hit, until = hits+1, fmt.Sprint(call.Method, call.Path), time.Now().Add(patience+time.Second)
				}
				// Its tries, and not what other resources ask in the same words later.
				if hit == fmt.Sprint(call.Method, call.Path) && time.Now().Before(until) {
					return wrong(call)
				}
				return badnetwork.Fault{}
			})
			in.Warnings = nil
			before := in.Addresses()
			err := in.Apply(t.Context(), impatient(phase.config))
			if err != nil || len(in.Warnings) > 0 {
				told++ // else it was tried again, with success
			}
			if after := in.Addresses(); phase.config != "" && len(after) < len(before) {
				t.Errorf("%s: %s at call %d: state has lost some of %v: %v", phase.name, name, at, before, after)
			}
		})
		t.Logf("%s: %d of %d calls; %d applies say so, the others tried again", name, hits, len(calls[0])+len(calls[1])+len(calls[2]), told)
		if hits < 6 || told == 0 {
			t.Errorf("%s: this test proves too little", name)
		}
	}
}

// patience is the time that impatient gives every resource.
const patience = 3 * time.Second

func impatient(config string) string {
	return regexp.MustCompile(`(?m)^resource "mlops_.*$`).ReplaceAllString(config,
		"$0\n  timeouts = { create = \"3s\", read = \"3s\", update = \"3s\", delete = \"3s\" }")
}

// killRealTerraform kills the process group of real Terraform, the provider in it, after some calls of the creation.
func (d *disturbed) killRealTerraform(want azurescene.Inventory) {
	d.t.Helper()
	in := cli.New(d.t, d.gate.Environment(d.scene.Terraform), map[string]string{"SSL_CERT_FILE": d.scene.Cloud.CertificateFile(d.t)})
	in.Write(d.t, "main.tf", d.made)
	kills := 0
	for _, call := range []int{30, 90, 12} { // each goes on where the one before was killed
		running := in.Start(d.t, "apply", "-auto-approve", "-input=false", "-no-color")
		d.gate.Kill(call, running.Kill)
		if _, err := running.Wait(); err != nil && len(d.gate.Calls()) >= call {
			kills++
		}
		in.MendState(d.t)
	}
	d.gate.Choose(nil)
	in.Run(d.t, "apply", "-auto-approve", "-input=false", "-no-color")
	if diff := d.inventory().Differs(want); diff != "" {
		d.t.Errorf("real Terraform, killed %d times:\n%s", kills, diff)
	}
	in.Run(d.t, "plan", "-detailed-exitcode", "-input=false", "-no-color")
	in.Run(d.t, "destroy", "-auto-approve", "-input=false", "-no-color")
	d.settled()
	d.t.Logf("real Terraform and its provider were killed %d times", kills)
	if kills < 2 {
		d.t.Errorf("%d kills of real Terraform are too few", kills)
	}
}

// Who may only read can plan, whatever there is: nothing, everything, a new champion, or what a destroy that was killed has
// left. HCP Terraform plans as somebody else than it applies.
func TestPlanAndRefreshNeedReadRightsOnly(t *testing.T) {
	d := disturb(t)
	readOnly := func() {
		d.gate.Choose(func(call azurescene.Call) badnetwork.Fault {
			// The credentials of a cluster come by POST, and the role for that is one for users.
			if call.Method == http.MethodGet || call.Method == http.MethodHead || strings.Contains(call.Path, "/listClusterUserCredential?") {
				return badnetwork.Fault{}
			}
			return badnetwork.Fault{Status: http.StatusForbidden, Headers: map[string]string{"Content-Type": "application/json"},
				Body: `{"kind": "Status", "reason": "Forbidden", "code": 403, "message": "may only read", "error": {"code": "AuthorizationFailed", "message": "may only read"}}`}
		})
	}
	in := d.terraform()
	look := func(when string, config string, want int) {
		t.Helper()
		readOnly()
		in.Warnings = nil
		changes, err := in.Plan(t.Context(), config)
		if err != nil || len(changes) != want || len(in.Warnings) > 0 {
			t.Errorf("%s: %d changes, want %d: %v (%v)\n%s", when, len(changes), want, changes, err, strings.Join(in.Warnings, "\n"))
		}
		if err := in.Refresh(t.Context()); err != nil {
			t.Errorf("%s: refresh: %v", when, err)
		}
		for _, call := range d.gate.Calls() {
			if call.Writes() || call.Back == azurescene.Kubernetes && call.Method == http.MethodPost {
				t.Errorf("%s: a plan sends %s %s", when, call.Method, call.Path)
			}
		}
	}
	look("nothing is there", d.made, 8)
	d.apply(in, d.made)
	look("all is there", d.made, 0)
	d.promote()
	look("there is a champion", d.made, 1)
	look("the configuration has changed", d.changed, 4)
	d.apply(in, d.changed)
	// A destroy is killed between a monitor's document and its schedule.
	d.gate.Choose(func(call azurescene.Call) badnetwork.Fault {
		return badnetwork.Fault{Refuse: call.Method == http.MethodDelete && strings.Contains(call.Path, "/cronjobs/")}
	})
	if err := in.Destroy(t.Context()); err == nil {
		t.Error("a destroy that may not remove a schedule succeeds")
	}
	readOnly()
	changes, err := in.Plan(t.Context(), "")
	if err != nil || len(changes) == 0 {
		t.Errorf("a destroy was killed: %v (%v)", changes, err)
	}
	d.gate.Choose(nil)
	d.apply(in, "")
}
