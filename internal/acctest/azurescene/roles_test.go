package azurescene_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/audit"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/control"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// team is everybody who touches a project, by what they are.
type team struct {
	scene              *azurescene.Scene
	ada, bob, ci, evil armfake.Principal
	config             string
	control            *project.Project
	agents             map[string]armfake.Principal
}

// governed declares a project that has no cluster: who may do what is all that matters here.
func governed(t *testing.T) *team {
	t.Helper()
	s := azurescene.StartWithRoles(t)
	all := &team{
		scene: s, ada: s.Cloud.Application("ada"), bob: s.Cloud.Application("bob"), ci: s.Cloud.Application("ci"), evil: s.Cloud.Application("evil"),
		agents: map[string]armfake.Principal{},
	}
	var identities strings.Builder
	for _, role := range []string{"control", "jobs", "serving"} {
		id, principal := s.Cloud.Identity(s.Group, role)
		all.agents[role] = principal
		fmt.Fprintf(&identities, "      %s = %q\n", role, id)
	}
	all.config = fmt.Sprintf(`
resource "mlops_project" "p" {
  name          = "governed"
  force_destroy = true
  azure = {
    store = {
      storage_account_id = %q
      audit              = { container = "governed-audit", retention_days = 7 }
    }
    requesters = { ci = { principal_id = %q } }
    identities = {
%s    }
  }
  owners = {
    data_engineer  = { email = "data-engineering@example.com" }
    data_scientist = { email = "ada@example.com", principal_id = %q, principal_type = "ServicePrincipal" }
    mlops_engineer = { email = "bob@example.com", principal_id = %q, principal_type = "ServicePrincipal" }
  }
}
resource "mlops_dataset" "d" {
  project_id = mlops_project.p.id
  name       = "flights"
  columns    = { distance = { type = "number" }, late = { type = "boolean", role = "label" } }
}
resource "mlops_dataset_version" "v" {
  dataset_id = mlops_dataset.d.id
  source     = %q
}
resource "mlops_training" "t" {
  dataset_id = mlops_dataset.d.id
  name       = "delay"
  image      = "registry.example.com/delay:1.0.0"
  train      = { command = ["train"] }
  evaluate   = { command = ["evaluate"] }
  serve      = { command = ["serve"], score_path = "/score", health_path = "/healthz" }
}
resource "mlops_model" "m" {
  training_id = mlops_training.t.id
  name        = "delay"
  validation  = { metrics = { auc = { goal = "maximize", minimum = 0.5, tolerance = 0 } } }
}
resource "mlops_retrain_policy" "r" {
  model_id = mlops_model.m.id
  triggers = {}
  approval = { mode = "manual", first = "manual", four_eyes = true, approvers = ["data_scientist", "bob@example.com"] }
}
`, s.AccountID, all.ci.ObjectID, identities.String(), all.ada.ObjectID, all.bob.ObjectID, acctest.File(t, "flights.csv", rows()))
	return all
}

// rows are enough of them to be split.
func rows() string {
	var lines strings.Builder
	lines.WriteString("distance,late\n")
	for n := range 200 {
		fmt.Fprintf(&lines, "%d,%v\n", 100+n, n%3 == 0)
	}
	return lines.String()
}

// as opens the project as one of them.
func (a *team) as(t *testing.T, who armfake.Principal) *project.Project {
	t.Helper()
	if who.Secret == "" {
		return a.scene.OpenInPod(t, who, "governed")
	}
	return a.scene.OpenAs(t, who, "governed")
}

// mlops runs the real command line as somebody.
func (a *team) mlops(t *testing.T, who armfake.Principal, arguments ...string) (output string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), binary(t), append([]string{"--project", a.scene.Place("governed")}, arguments...)...)
	command.Env = append(os.Environ(), "SSL_CERT_FILE="+a.scene.Cloud.CertificateFile(t))
	for name, value := range a.scene.Environment(who) {
		command.Env = append(command.Env, name+"="+value)
	}
	said, err := command.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return string(said), command.ProcessState.ExitCode()
}

var built string

func binary(t *testing.T) string {
	t.Helper()
	if built == "" {
		path := filepath.Join(t.TempDir(), "mlops")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../../cmd/mlops")
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		built = path
	}
	return built
}

// Real Terraform and the real command line, before Blob storage's roles: who asked and approved is who they are, and nobody else
// writes what counts.
func TestRolesAreEnforced(t *testing.T) {
	all := governed(t)
	without := strings.Replace(all.config, fmt.Sprintf(", principal_id = %q, principal_type = \"ServicePrincipal\"", all.bob.ObjectID), "", 1)
	without = strings.Replace(without, `["data_scientist", "bob@example.com"]`, `["data_scientist"]`, 1)
	story := func(check func(*testing.T, *team)) resource.TestCheckFunc {
		return func(*terraform.State) error {
			check(t, all)
			if t.Failed() {
				return errors.New("see above")
			}
			return nil
		}
	}
	all.scene.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: all.config, Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr("mlops_project.p", "azure.store.inbox_container", "governed-inbox"),
				story(nobodyForges), story(approvalsAreTheirOwn), story(strangersAreRefused), story(auditIsKept),
			)},
			{Config: all.config, ConfigPlanChecks: empty},
			{Config: without, Check: story(bobHasLeft)},
		},
		CheckDestroy: func(*terraform.State) error {
			var err error
			for id := range all.scene.Cloud.Inventory() {
				kind := strings.ToLower(id)
				if strings.Contains(kind, "/roleassignments/") && strings.Contains(kind, "/containers/") || strings.HasSuffix(kind, "governed-inbox") || strings.HasSuffix(kind, "governed-audit") {
					err = errors.Join(err, fmt.Errorf("%s is left", id))
				}
			}
			return err
		},
	})
}

// nobodyForges tries to write what counts, as everybody.
func nobodyForges(t *testing.T, all *team) {
	everybody := map[string]armfake.Principal{"terraform": all.scene.Terraform, "ada": all.ada, "bob": all.bob, "ci": all.ci, "evil": all.evil}
	maps.Copy(everybody, all.agents)
	opened := map[string]*project.Project{}
	for who, principal := range everybody {
		opened[who] = all.as(t, principal)
	}
	all.control = opened["control"]
	// The controller begins the model's log, so that everybody else can read what they want to forge.
	_, run := acctest.Await(t, all.control, "delay", mlops.Actor{Name: all.ada.ObjectID, ID: all.ada.ObjectID, Verified: true})
	state, err := all.control.Model(t.Context(), "delay")
	if err != nil {
		t.Fatal(err)
	}
	main := func(in *project.Project) platform.Store { return in.Store }
	inbox := func(in *project.Project) platform.Store { return in.Inbox.Store }
	seals := func(in *project.Project) platform.Store { return in.Seals }
	for _, test := range []struct {
		in      func(*project.Project) platform.Store
		key     string // %s: another one for each who tries
		writers string
	}{
		{main, "logs/other/000000000%03d.json", "control"},
		{main, "snapshots/logs/delay/000000000%03d.json", "control"},
		{main, "alerts/logs/delay/%d.json", "control"},
		{main, "specs/models/other/000000000%03d.json", "control terraform"},
		{main, "data/sha256/%064d", "control jobs terraform"},
		{main, "runs/delay/run-1/%d/train.json", "control jobs"},
		{main, "reports/delay/2026/01/01/%d.json", "control jobs"},
		{main, "records/delay/2026/01/01/%d.jsonl", "control serving"},
		{main, "requests/ada/%d.json", "control"},
		{seals, "audit/2001/01/01/%02d.json", "control"},
		{inbox, all.ada.ObjectID + "/%d.json", "control ada"},
		{inbox, all.ci.ObjectID + "/%d.json", "control ci"},
		{inbox, "requests/%d.json", "control"},
	} {
		number := 0
		for who := range everybody {
			number++
			key := fmt.Sprintf(test.key, number)
			err := test.in(opened[who]).Create(t.Context(), key, []byte("{}"))
			switch may := strings.Contains(" "+test.writers+" ", " "+who+" "); {
			case may && err != nil:
				t.Errorf("%s cannot write %s: %v", who, key, err)
			case !may && !errors.Is(err, mlops.ErrForbidden):
				t.Errorf("%s writes %s: %v", who, key, err)
			case !may && !strings.Contains(err.Error(), "Storage Blob Data Contributor"):
				t.Errorf("no role is named: %v", err)
			}
			if err == nil {
				if err := test.in(all.control).Delete(t.Context(), key); err != nil && test.in(all.control) != all.control.Seals {
					t.Error(err)
				}
			}
		}
	}
	for who, in := range opened {
		if who == "control" {
			continue
		}
		forged := mlops.Event{Type: mlops.RunApproved, RunID: run, Version: 1, Actor: mlops.Actor{Name: "ada@example.com", ID: all.ada.ObjectID, Verified: true}, Reason: "forged"}
		if _, err := in.AppendModel(t.Context(), state, forged); err == nil {
			t.Errorf("%s approves by writing into the log", who)
		}
		if _, err := in.Store.Read(t.Context(), in.ModelLog("delay").Key(1)); (err != nil) != (who == "evil") {
			t.Errorf("%s reads the log: %v", who, err)
		}
	}
}

// approvalsAreTheirOwn lets people decide by the real command line, while a controller answers.
func approvalsAreTheirOwn(t *testing.T, all *team) {
	stop := all.runControl(t)
	defer stop()
	forged := mlops.Request{ID: "20260101T000000Z-forged", Action: mlops.ActionApprove, Model: "delay", RunID: "latest", Actor: mlops.Actor{Name: "bob@example.com", ID: all.bob.ObjectID, Verified: true}}
	if asked, err := all.as(t, all.ci).Ask(t.Context(), forged); err != nil || asked.Actor.ID != all.ci.ObjectID {
		t.Errorf("CI asks as %+v, %v", asked.Actor, err)
	}
	for _, step := range []struct {
		who  armfake.Principal
		code int
		says string
	}{
		{all.evil, 1, "no right"},
		{all.ci, 1, "ci is not among the approvers of model \"delay\": data_scientist, bob@example.com"},
		{all.ada, 1, "ada@example.com asked for run"}, // four eyes
		{all.bob, 0, "approved"},
	} {
		said, code := all.mlops(t, step.who, "approve", "latest", "--reason", "looks right", "--timeout", "3m")
		if code != step.code || !strings.Contains(said, step.says) {
			t.Errorf("%s approves: code %d, %s; want %d and %q", step.who.Name, code, said, step.code, step.says)
		}
	}
	said, code := all.mlops(t, all.ada, "model", "history", "delay")
	if code != 0 || !strings.Contains(said, "bob@example.com") {
		t.Errorf("history: %d %s", code, said)
	}
	refused := map[string]int{} // by object id
	for entry, err := range all.control.ModelLog("delay").After(t.Context(), eventlog.Head{}) {
		if err != nil {
			t.Fatal(err)
		}
		if event, err := mlops.DecodeEvent(entry.Data); err == nil && event.Type == mlops.RequestRefused && event.Actor.Verified {
			refused[event.Actor.ID]++
		}
	}
	if refused[all.ci.ObjectID] != 2 || refused[all.ada.ObjectID] != 1 || len(refused) != 2 { // CI's forged approval is CI's own
		t.Errorf("refused in the log: %v", refused)
	}
}

// runControl runs a controller with the identity that the project gives it.
func (a *team) runControl(t *testing.T) (stop func()) {
	t.Helper()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		controller := control.New(a.as(t, a.agents["control"]), hclog.NewNullLogger())
		for {
			if err := controller.Pass(t.Context()); err != nil {
				t.Logf("pass: %v", err)
			}
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() { close(done); <-ended }
}

// strangersAreRefused lets somebody in by a role far above the project: what he asks is refused, and stands in the log.
func strangersAreRefused(t *testing.T, all *team) {
	wide := all.scene.Cloud.Assign(all.evil, armfake.BlobContributor, all.scene.AccountID)
	defer all.scene.Cloud.Remove(wide)
	stop := all.runControl(t)
	defer stop()
	for _, command := range [][]string{{"train", "delay"}, {"freeze", "delay"}} {
		said, code := all.mlops(t, all.evil, append(command, "--reason", "mine", "--timeout", "3m")...)
		if code != 1 || !strings.Contains(said, "neither an owner nor a requester") {
			t.Errorf("%v: code %d, %s", command, code, said)
		}
	}
}

// auditIsKept reads what the controller has sealed in a container of its own, where not even it can change that.
func auditIsKept(t *testing.T, all *team) {
	sealed, err := all.control.Seals.List(t.Context(), mlops.SealPrefix, "", 0)
	if err != nil || len(sealed) == 0 {
		t.Fatalf("%d seals, %v", len(sealed), err)
	}
	if within, err := all.control.Store.List(t.Context(), mlops.SealPrefix, "", 0); err != nil || len(within) > 0 {
		t.Errorf("%d seals in the memory, %v", len(within), err)
	}
	last := sealed[len(sealed)-1].Key
	if err := all.control.Seals.Delete(t.Context(), last); err == nil || !strings.Contains(err.Error(), "immutability") {
		t.Errorf("the controller removes a seal: %v", err)
	}
	if err := all.control.Seals.Create(t.Context(), last, []byte("{}")); !errors.Is(err, mlops.ErrExists) {
		t.Errorf("the controller writes a seal again: %v", err)
	}
	if said, code := all.mlops(t, all.ada, "audit", "verify"); code != 0 || !strings.Contains(said, "intact") {
		t.Errorf("audit: code %d, %s", code, said)
	}
	// Somebody with all rights to the memory cuts the log: the seals of the other container tell.
	var seal audit.Sealed
	if data, err := all.control.Seals.Read(t.Context(), last); err != nil || json.Unmarshal(data, &seal) != nil || seal.Heads["logs/delay"].Sequence == 0 {
		t.Fatalf("seal %+v, %v", seal, err)
	}
	key := all.control.ModelLog("delay").Key(seal.Heads["logs/delay"].Sequence)
	event, err := all.control.Store.Read(t.Context(), key)
	if err == nil {
		err = all.control.Store.Delete(t.Context(), key)
	}
	if err != nil {
		t.Fatal(err)
	}
	if said, code := all.mlops(t, all.ada, "audit", "verify"); code != 1 || !strings.Contains(said, "cut off: audit/") {
		t.Errorf("audit of a log that was cut: code %d, %s", code, said)
	}
	if err := all.control.Store.Create(t.Context(), key, event); err != nil {
		t.Error(err)
	}
}

func bobHasLeft(t *testing.T, all *team) {
	if said, code := all.mlops(t, all.bob, "status"); code == 0 || !strings.Contains(said, "no right") {
		t.Errorf("bob still reads: %d %s", code, said)
	}
	if said, code := all.mlops(t, all.ada, "status"); code != 0 {
		t.Errorf("ada reads no more: %d %s", code, said)
	}
	if err := all.as(t, all.bob).Inbox.Store.Create(t.Context(), all.bob.ObjectID+"/late.json", []byte("{}")); !errors.Is(err, mlops.ErrForbidden) {
		t.Errorf("bob still asks: %v", err)
	}
}
