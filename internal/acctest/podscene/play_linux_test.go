package podscene_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/node"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/podscene"
)

const (
	namespace = "flights"
	kindLabel = "terraform-mlops.github.io/kind"
	roleLabel = "terraform-mlops.github.io/role"

	// patience is for one condition, on a machine that has much else to do.
	patience = 8 * time.Minute
)

// play is a scene with the product's programs, as people use them.
type play struct {
	*testing.T
	scene     *podscene.Scene
	folder    string
	terraform string
	began     time.Time
}

func newPlay(t *testing.T) *play {
	t.Helper()
	if os.Getenv(node.Wanted) == "" {
		t.Skipf("real pods are for `make test-pods` and .ci/run, which set %s", node.Wanted)
	}
	p := &play{T: t, folder: t.TempDir(), terraform: os.Getenv("TF_ACC_TERRAFORM_PATH"), began: time.Now()}
	if p.terraform == "" {
		var err error
		if p.terraform, err = exec.LookPath("terraform"); err != nil {
			t.Fatal("there is no terraform: make tools, and set TF_ACC_TERRAFORM_PATH")
		}
	}
	scene, err := podscene.Start(t.Context(), podscene.Options{Folder: p.folder, Namespace: namespace, Say: func(text string) { p.say("%s", text) }})
	if err != nil {
		t.Fatal(err)
	}
	p.scene = scene
	t.Cleanup(func() {
		if t.Failed() {
			p.tellPods()
		}
		if err := scene.Stop(); err != nil {
			t.Error(err)
		}
	})
	p.configure()
	return p
}

func (p *play) say(format string, arguments ...any) {
	p.Helper()
	p.Logf("%5.1f s  %s", time.Since(p.began).Seconds(), fmt.Sprintf(format, arguments...))
}

// configure writes a project of one model, and builds the provider.
func (p *play) configure() {
	p.Helper()
	build := exec.CommandContext(p.Context(), "go", "build", "-o", filepath.Join(p.folder, "bin", "terraform-provider-mlops"), "github.com/terraform-mlops/terraform-provider-mlops")
	if output, err := build.CombinedOutput(); err != nil {
		p.Fatalf("%v: %s", err, output)
	}
	data, err := filepath.Abs("../../../examples/quickstart/data/2001-01.csv")
	if err != nil {
		p.Fatal(err)
	}
	values, err := json.Marshal(map[string]any{"azure": p.scene.Azure(), "data": data, "owner": p.scene.Terraform.ObjectID})
	if err != nil {
		p.Fatal(err)
	}
	for name, content := range map[string]string{
		"main.tf": project, "values.auto.tfvars.json": string(values),
		"terraform.rc": fmt.Sprintf("provider_installation {\n  dev_overrides { \"terraform-mlops/mlops\" = %q }\n  direct {}\n}\n", filepath.Join(p.folder, "bin")),
	} {
		if err := os.WriteFile(filepath.Join(p.folder, name), []byte(content), 0o600); err != nil {
			p.Fatal(err)
		}
	}
}

// command runs a program of the scene, or another, as Terraform's application.
func (p *play) command(program string, arguments ...string) *exec.Cmd {
	if own := filepath.Join(p.folder, program); program == "mlops" || program == "flight-delay" {
		program = own
	}
	command := exec.CommandContext(p.Context(), program, arguments...)
	command.Dir = p.folder
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(p.folder, "terraform.rc"), "CHECKPOINT_DISABLE=1", "MLOPS_PROJECT="+p.scene.Place("flights"))
	for name, value := range p.scene.Environment() {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// run runs it to its good end and returns what it printed.
func (p *play) run(program string, arguments ...string) []byte {
	p.Helper()
	var output, errput bytes.Buffer
	command := p.command(program, arguments...)
	command.Stdout, command.Stderr = &output, &errput
	if err := command.Run(); err != nil {
		p.Fatalf("%s %v: %v\n%s%s", program, arguments, err, output.String(), errput.String())
	}
	return output.Bytes()
}

// ask reads the JSON that a command of mlops prints; its code says what it found.
func (p *play) ask(into any, arguments ...string) error {
	p.Helper()
	output, err := p.command("mlops", append(arguments, "--json")...).Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) && len(output) == 0 {
		return fmt.Errorf("mlops %v: %w: %s", arguments, err, exit.Stderr)
	}
	return json.Unmarshal(output, into)
}

// await looks again until it holds.
func (p *play) await(what string, holds func() (bool, string)) {
	p.Helper()
	seen := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var ok bool
		if ok, seen = holds(); ok {
			p.say("%s", what)
			return
		}
	}
	p.Fatalf("%s: not within %s; last seen: %s", what, patience, seen)
}

// pods are those of a role that are not going.
func (p *play) pods(role string) []corev1.Pod {
	p.Helper()
	found, err := p.scene.Admin.CoreV1().Pods(namespace).List(p.Context(), metav1.ListOptions{LabelSelector: roleLabel + "=" + role})
	if err != nil {
		p.Fatal(err)
	}
	var all []corev1.Pod
	for _, pod := range found.Items {
		if pod.DeletionTimestamp == nil {
			all = append(all, pod)
		}
	}
	return all
}

// remove deletes a pod; at once, as if its node were lost, or in order.
func (p *play) remove(pod corev1.Pod, atOnce bool) {
	p.Helper()
	options := metav1.DeleteOptions{}
	if atOnce {
		options.GracePeriodSeconds = new(int64)
	}
	if err := p.scene.Admin.CoreV1().Pods(namespace).Delete(p.Context(), pod.Name, options); err != nil {
		p.Fatal(err)
	}
}

// run as mlops tells it.
type run struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Attempt int64  `json:"attempt"`
	Reason  string `json:"reason"`
}

// newest is the newest run, zero for none.
func (p *play) newest() run {
	var listed []struct {
		Run run `json:"run"`
	}
	if err := p.ask(&listed, "runs", "delay"); err != nil || len(listed) == 0 {
		return run{}
	}
	return listed[0].Run
}

// load is traffic until it is stopped.
type load struct {
	command *exec.Cmd
	until   string
	output  bytes.Buffer
}

type tally struct {
	Requests     int    `json:"requests"`
	Failed       int    `json:"failed"`
	FirstFailure string `json:"first_failure"`
}

// traffic begins to ask the model, at its service's address.
func (p *play) traffic() *load {
	p.Helper()
	at, err := url.Parse(strings.TrimSpace(string(p.run(p.terraform, "output", "-raw", "endpoint_url"))))
	if err != nil {
		p.Fatal(err)
	}
	name, _, _ := strings.Cut(at.Hostname(), ".")
	service, err := p.scene.Admin.CoreV1().Services(namespace).Get(p.Context(), name, metav1.GetOptions{})
	if err != nil {
		p.Fatal(err)
	}
	l := &load{until: filepath.Join(p.TempDir(), "stop")}
	days, err := filepath.Abs("../../../examples/quickstart/data/days/live.csv")
	if err != nil {
		p.Fatal(err)
	}
	l.command = p.command("flight-delay", "replay", "--file", days, "--url", "http://"+service.Spec.ClusterIP+"/score", "--rate", "50", "--until", l.until)
	l.command.Stdout = &l.output
	if err := l.command.Start(); err != nil {
		p.Fatal(err)
	}
	return l
}

// stop ends the traffic and says what became of it.
func (p *play) stop(l *load) tally {
	p.Helper()
	if err := os.WriteFile(l.until, nil, 0o600); err != nil {
		p.Fatal(err)
	}
	_ = l.command.Wait() // it fails where a request did
	var counted tally
	if err := json.Unmarshal(l.output.Bytes(), &counted); err != nil {
		p.Fatalf("the replay: %v: %q", err, l.output.String())
	}
	p.say("%d requests, %d failed %s", counted.Requests, counted.Failed, counted.FirstFailure)
	return counted
}

// tellPods says how the pods are, and what they said last.
func (p *play) tellPods() {
	ctx := context.Background()
	found, err := p.scene.Admin.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	lines := int64(15)
	for _, pod := range found.Items {
		p.Logf("pod %s is %s: %s", pod.Name, pod.Status.Phase, pod.Status.Message)
		for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			said, _ := p.scene.Admin.CoreV1().Pods(namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: status.Name, TailLines: &lines}).DoRaw(ctx)
			p.Logf("  %s %+v\n%s", status.Name, status.State, said)
		}
	}
}

const project = `
terraform {
  required_providers { mlops = { source = "terraform-mlops/mlops" } }
}
variable "azure" { type = any }
variable "data" { type = string }
variable "owner" { type = string }
resource "mlops_project" "p" {
  name          = "flights"
  azure         = var.azure
  force_destroy = true
  owners        = { data_scientist = { email = "ada@example.com", principal_id = var.owner, principal_type = "ServicePrincipal" } }
}
resource "mlops_dataset" "p" {
  project_id = mlops_project.p.id
  name       = "flights"
  columns = {
    scheduled_departure = { type = "timestamp", role = "timestamp" }
    distance_miles      = { type = "number", minimum = 0, maximum = 6000 }
    origin              = { type = "category" }
    destination         = { type = "category" }
    late                = { type = "boolean", role = "label" }
  }
}
resource "mlops_dataset_version" "p" {
  dataset_id = mlops_dataset.p.id
  source     = var.data
}
resource "mlops_training" "p" {
  dataset_id = mlops_dataset.p.id
  name       = "delay"
  image      = "flight-delay:1.0.0"
  train      = { command = ["flight-delay", "train"], timeout = "30m" }
  evaluate   = { command = ["flight-delay", "evaluate"] }
  serve      = { command = ["flight-delay", "serve"], score_path = "/score", health_path = "/healthz" }
  resources  = { cpu = "250m", memory = "128Mi" }
  parameters = { l2 = "0.01" }
}
resource "mlops_model" "p" {
  training_id = mlops_training.p.id
  name        = "delay"
  owner       = mlops_project.p.owners.data_scientist.email
  validation  = { metrics = { auc = { goal = "maximize", minimum = 0.5, tolerance = 0.1 } } }
}
resource "mlops_deployment" "p" {
  model_id        = mlops_model.p.id
  alias           = "champion"
  replicas        = 2
  resources       = { cpu = "250m", memory = "128Mi" }
  data_collection = { sampling_percentage = 100, retention_days = 90 }
}
resource "mlops_drift_monitor" "p" {
  deployment_id = mlops_deployment.p.id
  schedule      = "* * * * *"
  window        = "24h"
}
resource "mlops_retrain_policy" "p" {
  model_id = mlops_model.p.id
  triggers = { code = {} }
  guards   = { cooldown = "1s" }
  approval = { mode = "manual" }
}
output "endpoint_url" { value = mlops_deployment.p.endpoint_url }
`
