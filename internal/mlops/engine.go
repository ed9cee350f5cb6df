package mlops

import (
	"fmt"
	"slices"
	"strings"
)

// Engine is what runs a training's train command. Evaluations are always the project's own jobs, next to the holdout.
type Engine string

// The engines. The zero value is the default one.
const (
	// EngineKubernetesJob is a job of the project: of its cluster, or of the one machine that it is on.
	EngineKubernetesJob Engine = "kubernetes_job"
	// EngineAzureMLJob is a command job of an Azure Machine Learning workspace.
	EngineAzureMLJob Engine = "azure_ml_job"
)

// Engines lists every engine once.
var Engines = []Engine{EngineKubernetesJob, EngineAzureMLJob}

// AzureML is where in Azure Machine Learning a training runs.
type AzureML struct {
	// WorkspaceID is the ARM ID of the workspace.
	WorkspaceID string `json:"workspace_id"`
	// ComputeID is the ARM ID of a compute of the workspace; "" is serverless compute.
	ComputeID string `json:"compute_id,omitempty"`
	// InstanceType is a virtual machine's size, or an instance type of an attached cluster; "" is the compute's own.
	InstanceType string `json:"instance_type,omitempty"`
	// Datastore of the workspace is where input and output stand while the job runs: a blob container.
	Datastore string `json:"datastore"`
}

// DefaultDatastore is the one that every workspace has.
const DefaultDatastore = "workspaceblobstore"

// OnAzureML says whether the train command is run by Azure Machine Learning.
func (t Training) OnAzureML() bool { return t.Engine == EngineAzureMLJob }

func (t Training) validateEngine() []Problem {
	switch {
	case t.Engine != "" && !slices.Contains(Engines, t.Engine):
		return []Problem{problem(fmt.Sprintf("there is no engine %q: choose kubernetes_job or azure_ml_job", t.Engine), "engine")}
	case t.OnAzureML() && t.AzureML == nil:
		return []Problem{problem("azure_ml_job needs a workspace: set azure_ml = { workspace_id = ... }", "azure_ml")}
	case t.AzureML == nil:
		return nil
	case !t.OnAzureML():
		return []Problem{problem(`azure_ml has no effect: set engine = "azure_ml_job", or leave it out`, "azure_ml")}
	}
	problems := t.AzureML.validate()
	for _, word := range t.Train.Command {
		if strings.Contains(word, "${{") {
			problems = append(problems, problem("Azure Machine Learning puts values of its own in the place of ${{...}}: leave that out", "train", "command"))
		}
	}
	return problems
}

func (m AzureML) validate() []Problem {
	var problems []Problem
	if m.WorkspaceID != "" {
		problems = append(problems, armProblem(ARMMachineLearningWorkspace, m.WorkspaceID, "azure_ml", "workspace_id")...)
	}
	if m.ComputeID == "" {
		return problems
	}
	compute, err := ParseARMIDOf(ARMMachineLearningCompute, m.ComputeID)
	if err != nil {
		return append(problems, problem(err.Error(), "azure_ml", "compute_id"))
	}
	workspace := ARMID{Subscription: compute.Subscription, ResourceGroup: compute.ResourceGroup, Type: ARMMachineLearningWorkspace, Names: compute.Names[:1]}
	if m.WorkspaceID != "" && len(problems) == 0 && !SameARMID(workspace.String(), m.WorkspaceID) {
		problems = append(problems, problem("the compute belongs to another workspace: name one of workspace_id", "azure_ml", "compute_id"))
	}
	return problems
}
