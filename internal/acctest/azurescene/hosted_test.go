package azurescene_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// machineLearning is a workspace whose jobs really run: with a shell, from folders of its datastore to folders of it.
type machineLearning struct {
	scene     *azurescene.Scene
	workspace string
	files     *blob.Store
	started   chan string
}

func newMachineLearning(t *testing.T) *machineLearning {
	t.Helper()
	scene := azurescene.Start(t)
	url := scene.Blobs.CreateContainer(t, azurite.DefaultAccount, "workspace")
	files, err := blob.Open(url, nil, blob.Options{AccountKey: scene.Blobs.Key, Transport: scene.Blobs.Client()})
	if err != nil {
		t.Fatal(err)
	}
	in := &machineLearning{scene, scene.Cloud.Workspace(scene.Group, "ws", azurite.DefaultAccount, "workspace"), files, make(chan string, 10)}
	scene.Cloud.RunJobs(func(ctx context.Context, name string, properties map[string]any) string {
		return in.run(t, ctx, name, properties)
	})
	return in
}

func (m *machineLearning) run(t *testing.T, ctx context.Context, name string, properties map[string]any) string {
	folder := t.TempDir() // the fake waits for its jobs before the test ends
	input, output := filepath.Join(folder, "in"), filepath.Join(folder, "out")
	at := func(group string) string {
		one, _ := properties[group].(map[string]any)[strings.TrimSuffix(group, "s")].(map[string]any)
		uri, _ := one["uri"].(string)
		_, path, _ := strings.Cut(uri, "/datastores/workspaceblobstore/paths/")
		return path
	}
	if err := os.MkdirAll(output, 0o755); err != nil {
		t.Error(err)
	}
	if err := os.MkdirAll(input, 0o755); err != nil {
		t.Error(err)
	}
	if _, err := m.files.GetFolder(ctx, at("inputs"), input); err != nil && ctx.Err() == nil { // not cancelled before it began
		t.Error(err)
	}
	line, _ := properties["command"].(string)
	command := exec.CommandContext(ctx, "sh", "-c", strings.NewReplacer("${{inputs.input}}", input, "${{outputs.output}}", output).Replace(line))
	command.Env = os.Environ()
	for key, value := range properties["environmentVariables"].(map[string]any) { //nolint:forcetypeassert // judged before
		command.Env = append(command.Env, key+"="+value.(string)) //nolint:forcetypeassert // judged before
	}
	m.started <- name
	if said, err := command.CombinedOutput(); err != nil {
		t.Logf("job %s: %v %s", name, err, said)
		return "Failed"
	}
	if err := m.files.PutFolder(ctx, output, at("outputs")); err != nil {
		t.Error(err)
	}
	return "Completed"
}

func (m *machineLearning) job(name string, command ...string) workload.HostedJob {
	return workload.HostedJob{
		Name: name, Title: "delay", Image: "registry.example/flight-delay:1", Command: command, Env: map[string]string{"MLOPS_PARAMETERS": `{"l2":"1"}`},
		Timeout: mlops.Duration(time.Minute), AzureML: mlops.AzureML{WorkspaceID: m.workspace, Datastore: mlops.DefaultDatastore},
	}
}

// do runs a job as somebody, from a folder with one file to the folder that it returns.
func (m *machineLearning) do(ctx context.Context, t *testing.T, who armfake.Principal, job workload.HostedJob) (folder, said string, err error) {
	t.Helper()
	options := m.scene.Options(who)
	options.Poll = 5 * time.Millisecond
	on, err := azure.New(options).Open(ctx, m.scene.Place("flights"))
	if err != nil {
		t.Fatal(err)
	}
	input := t.TempDir()
	if err := os.WriteFile(filepath.Join(input, "data.csv"), []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	var lines []string
	err = on.Hosted.Run(ctx, job, input, folder, func(line string) { lines = append(lines, line) })
	return folder, strings.Join(lines, "\n"), err
}

const trainer = `mkdir -p "$MLOPS_OUTPUT_DIR/model/Deep Folder" && cp "$MLOPS_INPUT_DIR/data.csv" "$MLOPS_OUTPUT_DIR/model/Deep Folder/Data.CSV" && printf "%s" "$MLOPS_PARAMETERS $1" >"$MLOPS_OUTPUT_DIR/model/told"`

func TestHostedJob(t *testing.T) {
	t.Parallel()
	in := newMachineLearning(t)
	job := in.job("run-1-1-train", "sh", "-c", trainer, "sh", "it's")
	for range 2 { // a pod that is made again finds its job, and brings back the same
		folder, said, err := in.do(t.Context(), t, in.scene.Terraform, job)
		data, read := os.ReadFile(filepath.Join(folder, "model/Deep Folder/Data.CSV"))
		told, again := os.ReadFile(filepath.Join(folder, "model/told"))
		if err != nil || read != nil || again != nil || string(data) != "a,b\n1,2\n" || string(told) != `{"l2":"1"} it's` {
			t.Fatalf("%q %q %v %v %v\n%s", data, told, err, read, again, said)
		}
	}
	if left, err := in.files.GetFolder(t.Context(), "mlops/run-1-1-train/input/", t.TempDir()); left != 0 || err != nil {
		t.Errorf("%d files of the input stay in the datastore: %v", left, err)
	}
	if jobs := in.scene.Cloud.Ids("Microsoft.MachineLearningServices/workspaces/jobs"); len(jobs) != 1 {
		t.Errorf("%v", jobs)
	}
	if problems := in.scene.Cloud.Problems(); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
}

// A start whose reply is lost has started the job: whoever asks again waits for that one.
func TestHostedJobIsStartedOnce(t *testing.T) {
	t.Parallel()
	in := newMachineLearning(t)
	in.scene.Cloud.Misbehave(armfake.LoseReply(), 1, func(call armfake.Call) bool {
		return call.Method == http.MethodPut && strings.HasSuffix(call.Path, "/jobs/run-7-1-train")
	})
	if _, said, err := in.do(t.Context(), t, in.scene.Terraform, in.job("run-7-1-train", "true")); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	if ran := len(in.started); ran != 1 {
		t.Errorf("it ran %d times", ran)
	}
}

// Whoever is stopped while a start is under way does not leave a job that nobody waits for.
func TestHostedJobIsStoppedAtItsStart(t *testing.T) {
	t.Parallel()
	in := newMachineLearning(t)
	ctx, stop := context.WithCancel(t.Context())
	in.scene.Cloud.Misbehave(armfake.LoseReply(), 1, func(call armfake.Call) bool {
		starts := call.Method == http.MethodPut && strings.HasSuffix(call.Path, "/jobs/run-8-1-train")
		if starts {
			stop()
		}
		return starts
	})
	_, _, err := in.do(ctx, t, in.scene.Terraform, in.job("run-8-1-train", "sh", "-c", "while :; do sleep 1; done"))
	found, _ := in.scene.Cloud.Get(in.workspace + "/jobs/run-8-1-train")["properties"].(map[string]any)
	if status := found["status"]; err == nil || found != nil && status != "Canceled" {
		t.Errorf("%v, %v", err, status)
	}
}

func TestHostedJobFails(t *testing.T) {
	t.Parallel()
	in := newMachineLearning(t)
	if _, _, err := in.do(t.Context(), t, in.scene.Terraform, in.job("run-2-1-train", "false")); err == nil || !strings.Contains(err.Error(), "https://ml.fake/runs/run-2-1-train") {
		t.Errorf("%v", err)
	}
	stranger := in.scene.Cloud.Application("stranger")
	in.scene.Cloud.Assign(stranger, armfake.Reader, in.scene.GroupID)
	if _, _, err := in.do(t.Context(), t, stranger, in.job("run-3-1-train", "true")); err == nil || !strings.Contains(err.Error(), "AzureML Data Scientist") {
		t.Errorf("%v", err)
	}
	elsewhere := in.job("run-4-1-train", "true")
	elsewhere.AzureML.Datastore = "none"
	if _, _, err := in.do(t.Context(), t, in.scene.Terraform, elsewhere); err == nil || !strings.Contains(err.Error(), "azure_ml.datastore") {
		t.Errorf("%v", err)
	}
}

// Whoever stops waiting cancels, and an attempt ends what the one before it could not.
func TestHostedJobIsCancelled(t *testing.T) {
	t.Parallel()
	in := newMachineLearning(t)
	status := func(name string) any {
		found, _ := in.scene.Cloud.Get(in.workspace + "/jobs/" + name)["properties"].(map[string]any)
		return found["status"]
	}
	waits := []string{"sh", "-c", "while :; do sleep 1; done"}
	ctx, stop := context.WithCancel(t.Context())
	go func() { <-in.started; stop() }()
	if _, _, err := in.do(ctx, t, in.scene.Terraform, in.job("run-5-1-train", waits...)); err == nil || status("run-5-1-train") != "Canceled" {
		t.Errorf("%v, %v", err, status("run-5-1-train"))
	}
	lost, leave := context.WithCancel(t.Context())
	in.scene.Cloud.Misbehave(armfake.Fail(403, "AuthorizationFailed", "lost"), 1, func(call armfake.Call) bool { return strings.HasSuffix(call.Path, "/cancel") })
	go func() { <-in.started; leave() }()
	if _, _, err := in.do(lost, t, in.scene.Terraform, in.job("run-6-1-train", waits...)); err == nil || status("run-6-1-train") != "Running" {
		t.Fatalf("%v, %v", err, status("run-6-1-train"))
	}
	next := in.job("run-6-2-train", "true")
	next.Replaces = "run-6-1-train"
	if _, said, err := in.do(t.Context(), t, in.scene.Terraform, next); err != nil || status("run-6-1-train") != "Canceled" {
		t.Errorf("%v, %v\n%s", err, status("run-6-1-train"), said)
	}
}
