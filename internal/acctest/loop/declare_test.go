//go:build linux

package loop

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const datasetName = "flights"

// ready is how long a version may take to come up on a machine that is busy with much else.
const ready = mlops.Duration(time.Minute)

// training is the user's code with parameters of its own.
func (s *scene) training(more map[string]string) mlops.Training {
	parameters := map[string]string{"witness": s.path("witness"), "hold": s.path("go")}
	maps.Copy(parameters, more)
	job := func(command string) mlops.JobCommand {
		return mlops.JobCommand{Command: []string{"trainer", command}, Timeout: mlops.DefaultJobTimeout, Retries: mlops.DefaultRetries}
	}
	return mlops.Training{
		Name: modelName, Dataset: datasetName, Image: "trainer:1", SourceRevision: "1", Train: job("train"), Evaluate: job("evaluate"),
		Serve:      mlops.ServeCommand{Command: []string{"trainer", "serve"}, ScorePath: mlops.DefaultScorePath, HealthPath: mlops.DefaultHealthPath},
		Parameters: parameters,
	}
}

func deployment(rollOut mlops.Duration) mlops.Deployment {
	replicas := int64(2)
	return mlops.Deployment{
		Name: modelName, Model: modelName, Alias: mlops.AliasChampion, Replicas: &replicas, RollOut: mlops.RollOut{Timeout: rollOut},
		DataCollection: mlops.DataCollection{Enabled: true, SamplingPercentage: 100},
	}
}

func policy(mode mlops.ApprovalMode) mlops.RetrainPolicy {
	policy := mlops.DefaultPolicy(modelName)
	policy.Triggers = mlops.Triggers{DatasetVersion: &struct{}{}, Code: &struct{}{}}
	policy.Approval.Mode = mode
	return policy
}

// declare writes the specs of the whole loop, and no workload.
func (s *scene) declare(mode mlops.ApprovalMode) {
	s.t.Helper()
	minimum := 0.6
	s.put(
		mlops.Project{
			Name: "flights", OnDestroy: mlops.OnDestroyRefuse, Local: &mlops.Local{Path: s.folder, Port: int64(s.port)},
			Owners: map[mlops.Role]mlops.Owner{
				mlops.RoleDataEngineer: {Email: "data@example.com"}, mlops.RoleDataScientist: {Email: "science@example.com"},
				mlops.RoleMLOpsEngineer: {Email: "platform@example.com"},
			},
		},
		mlops.Dataset{Name: datasetName, HoldoutPercent: mlops.DefaultHoldoutPercent, Columns: map[string]mlops.Column{
			"at": {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp}, "x": {Type: mlops.TypeNumber, Role: mlops.RoleFeature},
			"late": {Type: mlops.TypeBoolean, Role: mlops.RoleLabel},
		}},
		s.training(nil),
		mlops.Model{Name: modelName, Training: modelName, Validation: mlops.Validation{
			// The gate of these tests: better than guessing. What is better than the champion is not what they are about.
			Metrics: map[string]mlops.Gate{"auc": {Goal: mlops.GoalMaximize, Minimum: &minimum, Tolerance: 1}},
		}},
		deployment(ready), policy(mode))
}

// put declares specs, or declares them anew.
func (s *scene) put(specs ...mlops.Spec) {
	s.t.Helper()
	for _, spec := range specs {
		_, _, err := s.open().CreateSpec(s.t.Context(), spec)
		if errors.Is(err, mlops.ErrExists) {
			_, err = s.open().UpdateSpec(s.t.Context(), spec)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// declareControl declares the controller as mlops_project does, with less time between its looks.
func (s *scene) declareControl() {
	s.t.Helper()
	document, err := s.open().SpecDocument(s.t.Context(), mlops.KindProject, "flights")
	if err != nil {
		s.t.Fatal(err)
	}
	manifest := workload.Control(mlops.Project{Name: "flights"}, workload.Seen{SpecSequence: document.Sequence, Incarnation: document.Incarnation})
	containers := manifest.Service.Pod.Containers
	containers[0].Command = append(containers[0].Command, "--interval", "100ms")
	left, err := s.open().Workloads.Get(s.t.Context(), manifest.Kind, manifest.Name)
	if err == nil { // of an earlier project in the same place
		err = s.open().Workloads.Delete(s.t.Context(), manifest.Kind, manifest.Name, left.Manifest.Incarnation)
	} else if errors.Is(err, mlops.ErrNotFound) {
		err = nil
	}
	if err == nil {
		_, err = s.open().Workloads.Apply(s.t.Context(), manifest, "")
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// publish publishes a version of the dataset whose rows follow from salt.
func (s *scene) publish(salt uint64) {
	s.t.Helper()
	s.must("dataset", "publish", datasetName, "--source", s.source(salt))
}

// source writes rows as a file: x is above one half where late is true, nine times of ten.
func (s *scene) source(salt uint64) string {
	s.t.Helper()
	random := rand.New(rand.NewPCG(1, salt))
	begin := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, int(salt), 0)
	var rows strings.Builder
	rows.WriteString("at,x,late\n")
	for i := range 300 {
		x := random.Float64()
		fmt.Fprintf(&rows, "%s,%.12f,%t\n", begin.Add(time.Duration(i)*time.Hour).Format(time.RFC3339), x, (x > 0.5) != (random.Float64() < 0.1))
	}
	path := s.path(fmt.Sprintf("rows-%d.csv", salt))
	if err := os.WriteFile(path, []byte(rows.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// hold makes training wait once it has begun; release lets it go on.
func (s *scene) hold() { _ = os.Remove(s.path("go")) }

func (s *scene) release() {
	if err := os.WriteFile(s.path("go"), nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) path(name string) string { return filepath.Join(s.root, name) }
