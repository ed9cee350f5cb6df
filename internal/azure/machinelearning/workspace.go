// Package machinelearning has command jobs run by an Azure Machine Learning workspace, through Azure's management API. It knows
// bodies, states and addresses; it must not know runs, nor read or write a blob.
package machinelearning

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Version of the machine learning API that is sent.
const Version = "2025-09-01"

// Workspace is one workspace, as one identity sees it.
type Workspace struct {
	id     string
	client *arm.Client
	// PollEvery is how often a job is looked at.
	PollEvery time.Duration
}

// pollEvery is often for a job of an hour, and seldom for a subscription's limits.
const pollEvery = 10 * time.Second

// Open returns a workspace by its ARM ID. It asks nobody yet.
func Open(client *arm.Client, id string) *Workspace {
	return &Workspace{id: id, client: client, PollEvery: pollEvery}
}

// Datastore is a blob container that a workspace knows by a name.
type Datastore struct{ Account, Container string }

// Datastore reads where a datastore is; one that is no blob container is mlops.ErrInvalid.
func (w *Workspace) Datastore(ctx context.Context, name string) (Datastore, error) {
	var found struct {
		Properties struct {
			Type      string `json:"datastoreType"`
			Account   string `json:"accountName"`
			Container string `json:"containerName"`
		} `json:"properties"`
	}
	err := w.client.Get(ctx, w.id+"/datastores/"+name, Version, &found)
	of := found.Properties
	switch {
	case errors.Is(err, mlops.ErrNotFound):
		return Datastore{}, fmt.Errorf("datastore %q of workspace %s: %w: check azure_ml.workspace_id and azure_ml.datastore", name, w.id, err)
	case err != nil:
		return Datastore{}, fmt.Errorf("datastore %q of workspace %s: %w", name, w.id, err)
	case of.Type != "AzureBlob" || of.Account == "" || of.Container == "":
		return Datastore{}, fmt.Errorf("datastore %q of workspace %s: %w: it is of type %s: name one that is a blob container", name, w.id, mlops.ErrInvalid, of.Type)
	}
	return Datastore{Account: of.Account, Container: of.Container}, nil
}

// datastoreURI is how a job names a folder of a datastore.
func (w *Workspace) datastoreURI(datastore, folder string) (string, error) {
	id, err := mlops.ParseARMIDOf(mlops.ARMMachineLearningWorkspace, w.id)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("azureml://subscriptions/%s/resourcegroups/%s/workspaces/%s/datastores/%s/paths/%s",
		id.Subscription, id.ResourceGroup, id.Name(), datastore, folder), nil
}
