package lineage

import (
	"context"
	"errors"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Graph is one version: what it came from, and where it went.
type Graph struct {
	Model   string `json:"model"`
	Version int64  `json:"version"`
	// Champion says that the version is in production now; Stints are all its times there.
	Champion bool            `json:"champion"`
	Stints   []Stint         `json:"stints"`
	Trained  Trained         `json:"trained"`
	Causes   []mlops.Cause   `json:"causes"`
	Approved *mlops.Decision `json:"approved"`
	Data     *DataNode       `json:"data"`
	Holdout  *DataNode       `json:"holdout"`
	Against  int64           `json:"against"` // the champion that it was judged against, 0 where there was none
	// Deployments that serve or want it now.
	Deployments []DeploymentNode `json:"deployments"`
	Broken      string           `json:"broken,omitempty"`
}

// DataNode is one split of a dataset version and where its rows came from.
type DataNode struct {
	Dataset string `json:"dataset"`
	Version int64  `json:"version"`
	Split   string `json:"split"`
	SHA256  string `json:"sha256"`
	Rows    int64  `json:"rows"`
	// Source and its fingerprint, who published it; "" where the manifest cannot be read any more.
	Source       string      `json:"source,omitempty"`
	SourceSHA256 string      `json:"source_sha256,omitempty"`
	Published    mlops.Actor `json:"published_by"`
}

// DeploymentNode is a deployment and how it stands to the version.
type DeploymentNode struct {
	Name   string `json:"name"`
	Wanted bool   `json:"wanted"`
	Serves bool   `json:"serves"`
	Ready  int64  `json:"ready"`
}

// ReadGraph reads the lineage of a version; 0 means the champion, or the newest where there is no champion.
func ReadGraph(ctx context.Context, in *project.Project, model string, number int64) (Graph, error) {
	if err := RequireModel(ctx, in, model); err != nil {
		return Graph{}, err
	}
	s, err := readStory(ctx, in, model)
	if err != nil {
		return Graph{}, err
	}
	champion := s.state.Aliases[mlops.AliasChampion].Version
	if number == 0 {
		number = champion
	}
	if number == 0 {
		number = int64(len(s.state.Versions))
	}
	version, ok := s.state.Version(number)
	if !ok {
		return Graph{}, fmt.Errorf("version %d of model %q: %w: %s", number, model, mlops.ErrNotFound, s.state.VersionsThere())
	}
	graph := Graph{
		Model: model, Version: number, Champion: champion == number, Trained: trainedOf(version), Approved: version.Approval,
		Causes: s.runs[version.RunID].Causes, Stints: []Stint{}, Broken: s.broken,
	}
	for _, stint := range s.history(model).Stints {
		if stint.Version == number {
			graph.Stints = append(graph.Stints, stint)
		}
	}
	graph.addData(ctx, in, version, s.runs[version.RunID].Judgement)
	graph.Deployments, err = deploymentsOf(ctx, in, s.state, number)
	return graph, err
}

func (g *Graph) addData(ctx context.Context, in *project.Project, version mlops.ModelVersion, judged *mlops.Judgement) {
	g.Data = &DataNode{
		Dataset: version.Inputs.Dataset, Version: version.Inputs.DatasetVersion, Split: "training", SHA256: version.Inputs.TrainingSHA256,
	}
	if manifest := g.Data.read(ctx, in); manifest != nil {
		g.Data.Rows = manifest.Training.Rows
	}
	if judged == nil {
		return
	}
	g.Against = judged.Champion
	g.Holdout = &DataNode{
		Dataset: judged.HoldoutDataset, Version: judged.HoldoutVersion, Split: "holdout", SHA256: judged.HoldoutSHA256, Rows: judged.HoldoutRows,
	}
	g.Holdout.read(ctx, in)
}

func (n *DataNode) read(ctx context.Context, in *project.Project) *mlops.DatasetManifest {
	manifest := readManifest(ctx, in, n.Dataset, n.Version)
	if manifest != nil {
		n.Source, n.SourceSHA256, n.Published = manifest.Source, manifest.SHA256, manifest.Actor
	}
	return manifest
}

func deploymentsOf(ctx context.Context, in *project.Project, state mlops.State, number int64) ([]DeploymentNode, error) {
	declared, err := in.Specs(ctx, mlops.KindDeployment)
	if err != nil && !errors.Is(err, mlops.ErrInvalid) {
		return nil, err
	}
	nodes := []DeploymentNode{}
	for _, one := range declared {
		deployment, ok := one.Spec.(*mlops.Deployment)
		if !ok || deployment.Model != state.Model {
			continue
		}
		node := DeploymentNode{Name: deployment.Name, Wanted: state.Wanted(*deployment) == number}
		live, err := liveService(ctx, in.Workloads, deployment.Name)
		if err != nil {
			return nil, err
		}
		for _, replica := range live.Status.Replicas {
			if replica.Version == number && replica.Ready {
				node.Serves = true
				node.Ready++
			}
		}
		if node.Wanted || node.Serves {
			nodes = append(nodes, node)
		}
	}
	return nodes, nil
}

// liveService is the zero value where nothing is declared to run.
func liveService(ctx context.Context, workloads platform.Workloads, name string) (workload.Live, error) {
	live, err := workloads.Get(ctx, workload.KindService, name)
	if errors.Is(err, mlops.ErrNotFound) {
		return workload.Live{}, nil
	}
	return live, err
}
