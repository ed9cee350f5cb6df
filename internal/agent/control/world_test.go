package control

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/fakeworkloads"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

var start = time.Date(2001, 2, 1, 0, 0, 0, 0, time.UTC)

// plant is a whole project in memory: what is declared, a platform whose jobs publish, and a clock that tests step.
type plant struct {
	t         *testing.T
	store     *memstore.Store
	workloads *fakeworkloads.Workloads
	notifier  *notifier
	project   *project.Project // the people's and Terraform's own hands: it never fails
	mutex     sync.Mutex
	now       time.Time
	writers   int
	quality   map[string]float64           // accuracy of what a training's revision makes
	predicted func(quality float64) []byte // what evaluate writes
	job       func(manifest workload.Manifest) (workload.Status, bool)
	armed     bool // hooks see the controller's calls, not the test's own
}

type notifier struct {
	mutex sync.Mutex
	sent  map[string]int
}

func (n *notifier) Send(_ context.Context, notification mlops.Notification, _ []mlops.Owner) error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.sent[string(notification.Topic)+" "+notification.Key]++
	return nil
}

func (n *notifier) topics() []string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	var topics []string
	for key := range n.sent {
		topic, _, _ := strings.Cut(key, " ")
		topics = append(topics, topic)
	}
	slices.Sort(topics)
	return topics
}

func newPlant(t *testing.T) *plant {
	p := &plant{
		t: t, store: memstore.New(), workloads: fakeworkloads.New(), notifier: &notifier{sent: map[string]int{}}, now: start,
		quality: map[string]float64{"1.0.0": 0.6, "2.0.0": 0.9}, predicted: predictions,
	}
	p.project = p.open(p.store)
	p.workloads.Job = p.runJob
	return p
}

func (p *plant) open(store platform.Store) *project.Project {
	opened := project.Open(platform.Platform{Place: "file:test", Store: store, Workloads: p.workloads, Notifier: p.notifier}, "0.1.0")
	opened.Now = p.clock
	opened.NewWriter = func() string {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		p.writers++
		return fmt.Sprintf("%016x", p.writers)
	}
	return opened
}

func (p *plant) clock() time.Time {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.now
}

func (p *plant) advance(span time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.now = p.now.Add(span)
}

func (p *plant) controller() *Controller { return New(p.project, hclog.NewNullLogger()) }

// declare writes specs as Terraform would.
func (p *plant) declare(specs ...mlops.Spec) {
	p.t.Helper()
	for _, spec := range specs {
		if _, _, err := p.project.CreateSpec(p.t.Context(), spec); err != nil {
			if _, err = p.project.UpdateSpec(p.t.Context(), spec); err != nil {
				p.t.Fatal(err)
			}
		}
	}
}

func flights() []mlops.Spec {
	return []mlops.Spec{
		mlops.Project{Name: "flights", OnDestroy: mlops.OnDestroyRefuse, Owners: map[mlops.Role]mlops.Owner{
			mlops.RoleDataScientist: {Email: "science@example.com"}, mlops.RoleMLOpsEngineer: {Email: "platform@example.com"},
			mlops.RoleDataEngineer: {Email: "data@example.com"},
		}},
		mlops.Dataset{Name: "flights", HoldoutPercent: 20, Columns: map[string]mlops.Column{
			"at": {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp}, "late": {Type: mlops.TypeBoolean, Role: mlops.RoleLabel},
		}},
		training("1.0.0"),
		mlops.Model{Name: "delay", Training: "delay", Validation: mlops.Validation{
			Metrics: map[string]mlops.Gate{"accuracy": {Goal: mlops.GoalMaximize, Tolerance: 0}},
		}},
		deployment("delay"),
		mlops.DriftMonitor{Name: "delay", Deployment: "delay", Reference: mlops.ReferenceTraining, Schedule: "*/5 * * * *", Window: mlops.Duration(24 * time.Hour),
			OpenAfter: 1, CloseAfter: 2, Alert: mlops.Alert{Severity: 2}},
		policy(),
	}
}

func training(revision string) mlops.Training {
	job := mlops.JobCommand{Command: []string{"delay"}, Timeout: mlops.Duration(30 * time.Minute), Retries: 1}
	return mlops.Training{
		Name: "delay", Dataset: "flights", Image: "delay:" + revision, Train: job, Evaluate: job, SourceRevision: revision,
		Serve: mlops.ServeCommand{Command: []string{"delay"}, ScorePath: "/score", HealthPath: "/healthz"},
	}
}

func deployment(name string) mlops.Deployment {
	replicas := int64(2)
	return mlops.Deployment{
		Name: name, Model: "delay", Alias: mlops.AliasChampion, Replicas: &replicas,
		RollOut: mlops.RollOut{Timeout: mlops.Duration(time.Minute), Watch: mlops.Duration(10 * time.Second)},
	}
}

func policy() mlops.RetrainPolicy {
	policy := mlops.DefaultPolicy("delay")
	policy.Triggers = mlops.Triggers{Drift: &mlops.DriftTrigger{Monitors: []string{"delay"}}, DatasetVersion: &struct{}{}, Code: &struct{}{}}
	return policy
}

// publish makes a dataset version whose holdout has twenty rows.
func (p *plant) publish(number int64) {
	p.t.Helper()
	manifest := mlops.DatasetManifest{
		Schema: mlops.DatasetManifestSchema, Dataset: "flights", Number: number, Rows: 100, Time: p.clock(),
		Training: mlops.Split{SHA256: fmt.Sprintf("training%d", number), Rows: 80}, Holdout: mlops.Split{SHA256: fmt.Sprintf("holdout%d", number), Rows: 20},
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		p.t.Fatal(err)
	}
	p.store.Put(fmt.Sprintf("datasets/flights/%012d/manifest.json", number), data)
}

// drift opens an episode in the monitor's log.
func (p *plant) drift(id string, verdict mlops.Verdict) {
	p.t.Helper()
	p.monitorEvent(mlops.MonitorEvent{Type: mlops.EpisodeOpened, EpisodeID: id, Verdict: verdict, WindowEnd: p.clock(), Summary: "distance moved"})
}

func (p *plant) monitorEvent(event mlops.MonitorEvent) {
	p.t.Helper()
	state, err := p.project.Monitor(p.t.Context(), "delay")
	if err == nil {
		_, err = p.project.AppendMonitor(p.t.Context(), state, event)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *plant) ask(request mlops.Request) mlops.Request {
	p.t.Helper()
	request.Model = "delay"
	if request.Actor.Name == "" {
		request.Actor.Name = "ada"
	}
	asked, err := p.project.Ask(p.t.Context(), request)
	if err != nil {
		p.t.Fatal(err)
	}
	return asked
}

// runJob publishes what the job of a manifest would, as `mlops publish` does: once.
func (p *plant) runJob(manifest workload.Manifest) workload.Status {
	if p.job != nil {
		if status, done := p.job(manifest); done {
			return status
		}
	}
	user, publish := manifest.Job.Pod.Init[1], manifest.Job.Pod.Containers[0]
	step, run, attempt := argument(publish.Command, "--step"), argument(publish.Command, "--run"), argument(publish.Command, "--attempt")
	output := mlops.StepOutput{Schema: mlops.StepOutputSchema, Writer: manifest.Name, Model: "delay", RunID: run, Step: step}
	if step == mlops.StepTrain {
		output.Output = &mlops.Output{ArtifactSHA256: "artifact-" + run + "-" + attempt}
	} else {
		quality := p.quality[strings.TrimPrefix(user.Image, "delay:")]
		output.HoldoutSHA256, output.HoldoutRows = "evaluated", 200
		made := p.predicted(quality)
		output.PredictionsSHA256 = eventlog.Hash(made)
		p.store.Put(mlops.DataKey(output.PredictionsSHA256), made)
	}
	data, err := json.Marshal(output)
	if err != nil {
		p.t.Error(err)
	}
	key := fmt.Sprintf("runs/delay/%s/%s/%s.json", run, attempt, step)
	if len(p.store.Keys(key)) == 0 {
		p.store.Put(key, data)
	}
	return workload.Status{Phase: workload.PhaseSucceeded}
}

func argument(command []string, name string) string {
	at := slices.Index(command, name)
	if at < 0 || at+1 == len(command) {
		return ""
	}
	return command[at+1]
}

// predictions are 200 rows of which a share is right.
func predictions(quality float64) []byte {
	var text strings.Builder
	out := csv.NewWriter(&text)
	_ = out.Write([]string{"row", "label", "score"})
	for row := range 200 {
		label, score := row%2, "0.2"
		if (row%2 == 1) == (row < int(quality*200)) {
			score = "0.8"
		}
		_ = out.Write([]string{strconv.Itoa(row), strconv.Itoa(label), score})
	}
	out.Flush()
	return []byte(text.String())
}

// turn is one pass of a controller and one step of the platform, five seconds apart.
func (p *plant) turn(controller *Controller) error {
	p.armed = true
	err := controller.Pass(p.t.Context())
	p.armed = false
	p.workloads.Step(p.clock())
	p.advance(5 * time.Second)
	return err
}

// settle turns until the log has been still for a while.
func (p *plant) settle(controller *Controller) {
	p.t.Helper()
	p.settleOrDie(controller, &reaper{})
}

// state folds the log from its first event, so that a fold that fails is seen.
func (p *plant) state() mlops.State {
	p.t.Helper()
	state := mlops.NewState("delay")
	for entry, err := range p.project.ModelLog("delay").After(context.Background(), eventlog.Head{}) {
		if err != nil {
			p.t.Fatal(err)
		}
		event, err := mlops.DecodeEvent(entry.Data)
		if err != nil {
			p.t.Fatal(err)
		}
		if state, err = mlops.Apply(state, event); err != nil {
			p.t.Fatal(err)
		}
		state.SHA256 = entry.SHA256
	}
	return state
}

func (p *plant) types() []string {
	events, err := p.project.Events(context.Background(), "delay")
	if err != nil {
		p.t.Fatal(err)
	}
	var types []string
	for _, event := range events {
		types = append(types, string(event.Type))
	}
	return types
}

// last is the run that was changed last.
func (p *plant) last() mlops.Run {
	p.t.Helper()
	var last mlops.Run
	for _, run := range p.state().Runs {
		if run.Sequence > last.Sequence {
			last = run
		}
	}
	return last
}
