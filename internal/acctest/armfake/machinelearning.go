package armfake

import (
	"context"
	"net/http"
	"strings"
)

const (
	workspaceKind   = "microsoft.machinelearningservices/workspaces"
	jobKind         = workspaceKind + "/jobs"
	environmentKind = workspaceKind + "/environments/versions"
)

// Workspace seeds a machine learning workspace whose default datastore is a container.
func (f *Fake) Workspace(group, name, account, container string) (id string) {
	id = f.ResourceGroup(group) + "/providers/Microsoft.MachineLearningServices/workspaces/" + name
	f.Put(id, map[string]any{"location": "westeurope", "properties": map[string]any{}})
	f.Put(id+"/datastores/workspaceblobstore", map[string]any{"properties": map[string]any{
		"datastoreType": "AzureBlob", "accountName": account, "containerName": container, "isDefault": true, "protocol": "https", "endpoint": "core.windows.net",
	}})
	return id
}

// RunJobs gives workspaces somebody who runs their jobs: it is called once for each, with what was sent, and answers the state
// in which the job ends. Without it jobs stay queued.
func (f *Fake) RunJobs(run func(ctx context.Context, name string, properties map[string]any) (status string)) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.runJob = run
}

// checkJob wants the environment to be there; a job that is there cannot be another.
func (f *Fake) checkJob(before, next *resource) *failure {
	if before != nil {
		return conflict("UserError", "A job with this name already exists: "+next.name)
	}
	if named := strings.ToLower(text(next.properties()["environmentId"])); f.resources[named] == nil {
		return bad("UserError", "The environment '"+named+"' was not found.")
	}
	return nil
}

// checkEnvironment refuses another image under a version that is there.
func checkEnvironment(before, next *resource) *failure {
	if before != nil && text(before.properties()["image"]) != text(next.properties()["image"]) {
		return conflict("UserError", "An environment version cannot be changed.")
	}
	return nil
}

// fillJob starts a job that is new.
func (f *Fake) fillJob(found *resource) {
	if _, started := found.fill["properties.status"]; started || found.seeded {
		return
	}
	found.fill["properties.status"] = "Queued"
	found.fill["properties.services"] = map[string]any{"Studio": map[string]any{"jobServiceType": "Studio", "endpoint": "https://ml.fake/runs/" + found.name}}
	if f.runJob == nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	f.running[found.key] = stop
	run, sent := f.runJob, copyOf(found.body["properties"]).(map[string]any) //nolint:forcetypeassert // judged before
	found.fill["properties.status"] = "Running"
	f.jobs.Go(func() {
		status := run(ctx, found.name, sent)
		f.lock.Lock()
		defer f.lock.Unlock()
		stop()
		delete(f.running, found.key)
		if found.fill["properties.status"] == "Running" {
			found.fill["properties.status"] = status
		}
	})
}

// cancelJob is an action: 202 and an operation to ask for, as the service has it.
func (f *Fake) cancelJob(found *resource, version string) reply {
	switch text(found.fill["properties.status"]) {
	case "Completed", "Failed", "Canceled":
		return failure{Status: 400, Code: "UserError", Message: "The job is over."}.reply()
	}
	found.fill["properties.status"] = "Canceled"
	if stop := f.running[found.key]; stop != nil {
		stop()
	}
	answered := f.promise(Lasting{Style: Location, Polls: 1}, version, func() {}, func() any { return found.shown() })
	answered.status = http.StatusAccepted
	return answered
}

// endJobs ends whoever runs jobs, and waits: the test ends here.
func (f *Fake) endJobs() {
	f.lock.Lock()
	for _, stop := range f.running {
		stop()
	}
	f.lock.Unlock()
	f.jobs.Wait()
}
