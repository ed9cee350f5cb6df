package workload

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Names of containers, ports and shared folders of the pods that we render.
const (
	ControlService = mlops.ReservedService

	collectPort = "collect"
	servePort   = "serve"
	alertsPort  = "alerts"

	modelDir  = SharedDir + "/model"
	inputDir  = SharedDir + "/input"
	outputDir = SharedDir + "/output"
	// fetchedFile is where fetch notes what it put there, for publish.
	fetchedFile = SharedDir + "/fetched.json"
)

const gracePeriod = mlops.Duration(10 * time.Second)

// logHeadroom in bytes beside a collector's log: segments that are made ahead, and its notes of what it has shipped.
const logHeadroom = 64 << 20

// Seen is what a caller had read when it rendered.
type Seen struct {
	LogSequence  int64
	SpecSequence int64
	Incarnation  string
}

// Deployment renders the service that serves a version. timestampColumn is the dataset's, "" where it has none.
func Deployment(deployment mlops.Deployment, version mlops.ModelVersion, timestampColumn string, seen Seen) Manifest {
	code := version.Inputs.Code
	number := strconv.FormatInt(version.Number, 10)
	serve := Container{
		Name: "serve", Image: code.Image, Digest: version.Output.ImageDigest, Command: code.Serve.Command, Ports: []string{servePort}, Resources: deployment.Resources,
		Env: map[string]string{
			"MLOPS_MODEL_DIR": modelDir, "MLOPS_MODEL_VERSION": number, "PORT": PortOf(servePort), "HOST": ListenHost,
		},
	}
	service := Service{
		Replicas: deployment.MinimumReplicas(), Autoscaling: deployment.Autoscaling, Version: version.Number,
		Port: servePort, HealthPort: servePort, HealthPath: code.Serve.HealthPath, ReadyTimeout: deployment.RollOut.Timeout,
		Pod: Pod{
			Init:        []Container{agent("fetch", "--artifact", version.Output.ArtifactSHA256, "--model-to", modelDir)},
			Containers:  []Container{serve},
			GracePeriod: gracePeriod,
		},
	}
	if deployment.DataCollection.Enabled {
		collect := collector(deployment, code, number, timestampColumn)
		serve.Env["HOST"] = "127.0.0.1" // what is asked of the model passes the collector
		// First to start and last to stop, as a native sidecar.
		service.Pod.Containers = []Container{collect, serve}
		service.Port, service.HealthPort = collectPort, collectPort
		service.State = State{Bytes: mlops.CollectorLogBytes + logHeadroom, Claim: deployment.DataCollection.LogClaim}
	}
	return Manifest{
		Kind: KindService, Name: deployment.Name, Owner: owner(mlops.KindDeployment, deployment.Name), Cluster: deployment.Cluster, Service: &service,
		Incarnation: seen.Incarnation, LogSequence: seen.LogSequence, SpecSequence: seen.SpecSequence,
	}
}

func collector(deployment mlops.Deployment, code mlops.Training, version, timestampColumn string) Container {
	arguments := []string{
		"--deployment", deployment.Name, "--model", deployment.Model, "--model-version", version, "--instance", Instance,
		"--listen", ListenHost + ":" + PortOf(collectPort), "--target", "http://127.0.0.1:" + PortOf(servePort),
		"--score-path", code.Serve.ScorePath, "--wal", StateDir + "/wal",
		// What may change while a model serves is read from what is declared: an argument would roll the pods.
		"--follow",
	}
	if timestampColumn != "" {
		arguments = append(arguments, "--timestamp-column", timestampColumn)
	}
	container := agent("collect", arguments...)
	container.Ports = []string{collectPort}
	container.Leave = []string{"collect", "leave", "--at", "127.0.0.1:" + PortOf(collectPort)}
	return container
}

// Control renders the controller of a project.
func Control(project mlops.Project, seen Seen) Manifest {
	container, port := agent("control"), ""
	if project.Azure != nil && project.Azure.IncomingAlerts != nil {
		container, port = agent("control", takesAlerts(*project.Azure.IncomingAlerts)...), alertsPort
		container.Ports = []string{alertsPort}
	}
	return Manifest{
		Kind: KindService, Name: ControlService, Owner: owner(mlops.KindProject, project.Name),
		Incarnation: seen.Incarnation, SpecSequence: seen.SpecSequence,
		Service: &Service{
			Replicas: 1, ReadyTimeout: mlops.Duration(time.Minute), Port: port,
			Pod: Pod{Containers: []Container{container}, GracePeriod: gracePeriod},
		},
	}
}

// takesAlerts are the arguments of a controller that takes alerts of Azure Monitor.
func takesAlerts(from mlops.AzureIncomingAlerts) []string {
	arguments := []string{"--alerts-listen", ListenHost + ":" + PortOf(alertsPort), "--alerts-tenant", from.TenantID}
	for _, audience := range from.Audiences {
		arguments = append(arguments, "--alerts-audience", audience)
	}
	if from.Authority != "" {
		arguments = append(arguments, "--alerts-authority", from.Authority)
	}
	return arguments
}

// Monitor renders the schedule on which a drift monitor looks.
func Monitor(monitor mlops.DriftMonitor, seen Seen) Manifest {
	return Manifest{
		Kind: KindSchedule, Name: monitor.Name, Owner: owner(mlops.KindDriftMonitor, monitor.Name),
		Incarnation: seen.Incarnation, SpecSequence: seen.SpecSequence,
		Schedule: &Schedule{
			Cron: monitor.Schedule, TimeZone: monitor.TimeZone,
			Job: Job{
				Pod:     Pod{Containers: []Container{agent("drift", "look", monitor.Name)}, GracePeriod: gracePeriod},
				Timeout: mlops.Duration(time.Hour),
			},
		},
	}
}

// Train renders the job of an attempt. The run holds its inputs.
func Train(model string, run mlops.Run, seen Seen) Manifest {
	inputs := *run.Inputs
	parameters, err := json.Marshal(inputs.Parameters)
	if err != nil || inputs.Parameters == nil {
		parameters = []byte("{}")
	}
	train := Container{
		Name: "train", Image: inputs.Image, Command: inputs.Code.Train.Command, Resources: inputs.Code.Resources,
		Env: map[string]string{
			"MLOPS_INPUT_DIR": inputDir, "MLOPS_OUTPUT_DIR": outputDir, "MLOPS_PARAMETERS": string(parameters), "MLOPS_RUN_ID": run.ID,
		},
	}
	fetch := agent("fetch", "--dataset", inputs.Dataset, "--dataset-version", strconv.FormatInt(inputs.DatasetVersion, 10),
		"--split", "training", "--input-to", inputDir, "--output", outputDir, "--note", fetchedFile)
	if inputs.Code.OnAzureML() {
		train = hosted(train, model, run, mlops.StepTrain, inputs.Code.Train.Timeout)
	}
	return job(model, run, mlops.StepTrain, inputs.Code.Train.Timeout, fetch, train, seen)
}

// Evaluate renders the job that judges one version's artifact on a holdout without the rows that either side has learned
// from. exclude names dataset versions as <dataset>/<number>.
func Evaluate(model string, run mlops.Run, step string, evaluated EvaluateInputs, seen Seen) Manifest {
	evaluate := Container{
		Name: "evaluate", Image: evaluated.Code.Image, Digest: evaluated.ImageDigest, Command: evaluated.Code.Evaluate.Command, Resources: evaluated.Code.Resources,
		Env: map[string]string{"MLOPS_MODEL_DIR": modelDir, "MLOPS_INPUT_DIR": inputDir, "MLOPS_OUTPUT_DIR": outputDir},
	}
	arguments := []string{
		"--artifact", evaluated.ArtifactSHA256, "--model-to", modelDir, "--dataset", evaluated.HoldoutDataset,
		"--dataset-version", strconv.FormatInt(evaluated.HoldoutVersion, 10), "--split", "holdout",
		"--input-to", inputDir, "--output", outputDir, "--note", fetchedFile,
	}
	for _, exclude := range evaluated.Exclude {
		arguments = append(arguments, "--exclude", exclude)
	}
	return job(model, run, step, evaluated.Code.Evaluate.Timeout, agent("fetch", arguments...), evaluate, seen)
}

// EvaluateInputs are what one evaluation needs: the artifact, the code that reads it, the holdout and the training splits
// whose rows are left out.
type EvaluateInputs struct {
	ArtifactSHA256 string
	Code           mlops.Training
	ImageDigest    string // of the image that made the artifact
	HoldoutDataset string
	HoldoutVersion int64
	Exclude        []string
}

func job(model string, run mlops.Run, step string, timeout mlops.Duration, fetch, user Container, seen Seen) Manifest {
	publish := agent("publish", "--model", model, "--run", run.ID, "--attempt", strconv.FormatInt(run.Attempt, 10),
		"--step", step, "--from", outputDir, "--note", fetchedFile)
	return Manifest{
		Kind: KindJob, Name: mlops.JobName(run.ID, run.Attempt, step), Owner: owner(mlops.KindModel, model),
		Incarnation: seen.Incarnation, LogSequence: seen.LogSequence, SpecSequence: seen.SpecSequence,
		Job: &Job{
			Timeout: timeout,
			Pod:     Pod{Init: []Container{fetch, user}, Containers: []Container{publish}, GracePeriod: gracePeriod},
		},
	}
}

// agent is a container of our own binary.
func agent(command string, arguments ...string) Container {
	return Container{
		Name: command, Agent: true,
		Command: append(append(strings.Fields(command), arguments...), "--project", Place),
	}
}

func owner(kind mlops.Kind, name string) string { return fmt.Sprintf("%s/%s", kind, name) }
