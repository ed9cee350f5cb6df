package azurescene_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/badnetwork"
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
	gate      *azurescene.Gate
	namespace string
	options   azure.Options
	made      string // configurations
	changed   string
}

func disturb(t *testing.T) *disturbed {
	t.Helper()
	plane := kubernetes.Shared(t)
	d := &disturbed{t: t, scene: azurescene.Start(t), plane: plane, namespace: plane.Namespace(t)}
	d.gate = d.scene.Gate(t, plane)
	environment := d.gate.Environment(d.scene.Terraform)
	d.options = azure.Options{
		Environment: func(name string) string { return environment[name] }, Transport: d.scene.Cloud.Client(), Retry: 10 * time.Millisecond,
	}
	config := example(t, d.scene, d.scene.Cloud.Cluster(d.scene.Group, "weu", d.gate.Kubeconfig(plane, "admin")), d.namespace)
	ada := d.scene.Cloud.Application("ada")
	d.made = replaceAll(t, config,
		"identities = {", "manage_role_assignments = true\n    identities = {\n      manage_federated_credentials = true",
		`{ email = "data-science@example.com" }`, fmt.Sprintf(`{ email = "data-science@example.com", principal_id = %q, principal_type = "ServicePrincipal" }`, ada.ObjectID))
	d.changed = replaceAll(t, d.made,
		"replicas        = 2", "autoscaling     = { minimum = 2, maximum = 4, cpu_percent = 70 }",
		`"*/5 * * * *"`, `"*/10 * * * *"`, fmt.Sprintf(", principal_id = %q, principal_type = \"ServicePrincipal\"", ada.ObjectID), "",
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
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		left := azurescene.Objects(d.t, d.plane, d.namespace)
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			d.t.Fatalf("left in the cluster: %v", left)
		}
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

// killed is an apply whose process is killed when a call has been done and before its answer comes. It says how many calls it
// made, and how many of them may have changed something.
func (d *disturbed) killed(in *inprocess.Terraform, config string, call int) (calls, writes int) {
	ctx, cancel := context.WithCancel(d.t.Context())
	defer cancel()
	d.gate.Choose(func(c azurescene.Call) badnetwork.Fault {
		switch {
		case c.Number == call:
			cancel()
			return badnetwork.Fault{Lose: true}
		case c.Number > call:
			return badnetwork.Fault{Refuse: true}
		}
		return badnetwork.Fault{}
	})
	_ = in.Apply(ctx, config)
	for _, c := range d.gate.Calls() {
		if c.Number <= call && c.Writes() {
			writes++
		}
	}
	return len(d.gate.Calls()), writes
}

// An apply, and a destroy, is killed after every single call. The next apply comes to where an undisturbed one does: nothing
// is left to plan, nothing is orphaned, nothing is made twice.
func TestKilledAfterEveryCall(t *testing.T) {
	d := disturb(t)
	begin := time.Now()
	calls, want := d.undisturbed()
	t.Logf("undisturbed: %v", time.Since(begin))
	for i, phase := range d.phases() {
		t.Logf("%s: %d calls", phase.name, len(calls[i]))
		if os.Getenv("SHOW") != "" {
			for _, c := range calls[i] {
				t.Logf("%d %s %s %s", c.Number, c.Back, c.Method, c.Path)
			}
		}
	}
	_ = want
}
