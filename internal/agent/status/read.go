package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Read gathers the view of one model ("" for all). The error is for a store that cannot be read, or mlops.ErrNotFound for
// a model that is not declared.
func Read(ctx context.Context, in *project.Project, model string) (View, error) {
	view := View{Place: in.Place, Time: in.Now(), Models: []Model{}, Notifications: []Notification{}, Next: []Step{}}
	specs := map[mlops.Kind][]project.Declared{}
	var documents []mlops.SpecDocument
	for _, kind := range mlops.Kinds {
		if kind == mlops.KindDatasetVersion {
			continue // there may be many, and none is shown
		}
		declared, err := in.Specs(ctx, kind)
		if err != nil && !errors.Is(err, mlops.ErrInvalid) && len(declared) == 0 {
			return view, err
		}
		if err != nil {
			view.Faults = append(view.Faults, strings.Split(err.Error(), "\n")...)
		}
		specs[kind] = declared
		for _, one := range declared {
			documents = append(documents, one.Document)
		}
	}
	if err := mlops.MayWrite(in.AgentVersion, documents); err != nil {
		view.Outdated = err.Error()
	}
	var declared mlops.Project
	if found := specsOf[*mlops.Project](specs[mlops.KindProject]); len(found) > 0 {
		declared = *found[0]
	}
	view.Project = declared.Name
	live, err := liveServices(ctx, in)
	if err != nil {
		return view, err
	}
	view.Runner = runnerOf(ctx, in, live)
	var names []string
	for _, spec := range specsOf[*mlops.Model](specs[mlops.KindModel]) {
		names = append(names, spec.Name)
		if model != "" && model != spec.Name {
			continue
		}
		one, err := readModel(ctx, in, *spec, specs, live, declared)
		if err != nil {
			return view, err
		}
		view.Models = append(view.Models, one)
	}
	if model != "" && len(view.Models) == 0 {
		return view, fmt.Errorf("model %q: %w: there is %s", model, mlops.ErrNotFound, orNone(names))
	}
	if view.Notifications, err = readNotifications(ctx, in); err != nil {
		return view, err
	}
	view.Next = nextSteps(view)
	return view, nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none yet"
	}
	return strings.Join(names, ", ")
}

func specsOf[T mlops.Spec](declared []project.Declared) []T {
	var specs []T
	for _, one := range declared {
		if spec, ok := one.Spec.(T); ok {
			specs = append(specs, spec)
		}
	}
	return specs
}

func liveServices(ctx context.Context, in *project.Project) (map[string]workload.Live, error) {
	services, err := in.Workloads.List(ctx, workload.KindService)
	if err != nil {
		return nil, err
	}
	live := make(map[string]workload.Live, len(services))
	for _, service := range services {
		live[service.Manifest.Name] = service
	}
	return live, nil
}

func runnerOf(ctx context.Context, in *project.Project, live map[string]workload.Live) Runner {
	running, message := in.Workloads.Running(ctx)
	control := live[workload.ControlService].Status
	if running && control.Ready == 0 && message == "" {
		message = "the controller is not ready"
		if control.Message != "" {
			message += ": " + control.Message
		}
	}
	return Runner{Running: running, Control: running && control.Ready > 0, Message: message}
}

func readModel(ctx context.Context, in *project.Project, spec mlops.Model, specs map[mlops.Kind][]project.Declared, live map[string]workload.Live, of mlops.Project) (Model, error) {
	state, err := in.Model(ctx, spec.Name)
	if err != nil {
		return Model{}, err
	}
	model := Model{
		Name: spec.Name, Owner: spec.Owner, Versions: int64(len(state.Versions)), Frozen: state.Frozen, Parked: state.Parked,
		Open: []Run{}, Deployments: []Deployment{}, Monitors: []Monitor{},
	}
	model.PushedAgain = state.PushedAgain()
	if version, ok := state.Champion(); ok {
		alias := state.Aliases[mlops.AliasChampion]
		model.Champion = &Champion{
			Version: alias.Version, Since: alias.Since, RunID: version.RunID, Dataset: version.Inputs.Dataset,
			DatasetVersion: version.Inputs.DatasetVersion, Image: version.Inputs.Image, Metrics: version.Metrics,
		}
	}
	for _, run := range state.Runs {
		line := runLine(run)
		if !mlops.Terminal(run.State) {
			model.Open = append(model.Open, line)
		} else if model.Last == nil || !line.Since.Before(model.Last.Since) {
			model.Last = &line
		}
	}
	for _, deployment := range specsOf[*mlops.Deployment](specs[mlops.KindDeployment]) {
		if deployment.Model != spec.Name {
			continue
		}
		line := deploymentOf(*deployment, state, live, in.Workloads.Endpoint(of, *deployment))
		if line.LostRecords, err = record.Lost(ctx, in.Store, deployment.Name); err != nil {
			return model, err
		}
		model.Deployments = append(model.Deployments, line)
		for _, monitor := range specsOf[*mlops.DriftMonitor](specs[mlops.KindDriftMonitor]) {
			if monitor.Deployment != deployment.Name {
				continue
			}
			line, err := readMonitor(ctx, in, *monitor)
			if err != nil {
				return model, err
			}
			model.Monitors = append(model.Monitors, line)
		}
	}
	return model, nil
}

func deploymentOf(deployment mlops.Deployment, state mlops.State, services map[string]workload.Live, endpoint string) Deployment {
	line := Deployment{
		Name: deployment.Name, Wanted: state.Wanted(deployment), Served: []int64{}, Replicas: deployment.MinimumReplicas(),
		Endpoint: endpoint, InSync: true,
	}
	live, ok := services[deployment.Name]
	if !ok {
		if line.Wanted == 0 {
			line.Message = "awaits a model"
		} else {
			line.Message = "is not started yet"
		}
		return line
	}
	line.Ready, line.Message, line.InSync = live.Status.Ready, live.Status.Message, live.InSync()
	if live.Manifest.Service != nil {
		line.Replicas = live.Manifest.Service.Replicas
	}
	if live.Status.Versions != nil {
		line.Served = live.Status.Versions
	}
	line.Image = live.Status.Digests["serve"]
	version, _ := state.Version(line.Wanted)
	if made := version.Output.ImageDigest; made != "" && line.Image != "" && made != line.Image && slices.Equal(line.Served, []int64{line.Wanted}) {
		line.Message = strings.TrimPrefix(line.Message+"; ", "; ") + fmt.Sprintf("runs image %s, and version %d was made with %s", line.Image, line.Wanted, made)
	}
	return line
}

func readMonitor(ctx context.Context, in *project.Project, spec mlops.DriftMonitor) (Monitor, error) {
	state, err := in.Monitor(ctx, spec.Name)
	if err != nil {
		return Monitor{}, err
	}
	line := Monitor{Name: spec.Name, Deployment: spec.Deployment, Episodes: state.Open(), Parked: state.Parked}
	if line.Episodes == nil {
		line.Episodes = []mlops.Episode{}
	}
	if count := len(state.Windows); count > 0 {
		last := state.Windows[count-1]
		line.Verdict, line.WindowEnd, line.Summary, line.Report = last.Verdict, last.End, last.Summary, last.Report
	}
	return line, nil
}

// Of notifications the last few of each log are read, so that their number costs one listing only.
const (
	notificationsOfLog = 3
	notificationsShown = 5
)

func readNotifications(ctx context.Context, in *project.Project) ([]Notification, error) {
	entries, err := in.Store.List(ctx, "alerts/", "", 0)
	if err != nil {
		return nil, err
	}
	shown := []Notification{}
	for i, entry := range entries {
		if next := i + notificationsOfLog; next < len(entries) && path.Dir(entries[next].Key) == path.Dir(entry.Key) {
			continue
		}
		data, err := in.Store.Read(ctx, entry.Key)
		if errors.Is(err, mlops.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var told mlops.Notification
		if json.Unmarshal(data, &told) == nil {
			shown = append(shown, Notification{Time: told.Time, Topic: told.Topic, Subject: told.Subject, Summary: told.Summary})
		}
	}
	slices.SortStableFunc(shown, func(a, b Notification) int { return b.Time.Compare(a.Time) })
	return shown[:min(len(shown), notificationsShown)], nil
}
