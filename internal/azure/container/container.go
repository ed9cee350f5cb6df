// Package container makes, adopts and removes blob containers and their immutability policies, through Azure's management
// API: the blob endpoint cannot do the latter. It must not know what is kept in a container.
package container

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Version of the storage API that is sent.
const Version = "2025-06-01"

// ownerKey is the metadata of a container that was made for a project.
const ownerKey = "mlops_project"

// Wanted is a container as a project declares it.
type Wanted struct {
	ID      string // ARM id
	Project string
	// Create makes it; without it one that is there is adopted.
	Create bool
}

// State is a container as it is.
type State struct {
	Exists bool
	// Project is whose it was made for, "" where it was not made by us.
	Project string
	// Public says that anybody can read it.
	Public    bool
	LegalHold bool
	Policy    *Policy // nil where there is none
}

// Policy keeps every blob for a number of days after it was written.
type Policy struct {
	Days   int64
	Locked bool // cannot be undone, nor shortened
	etag   string
}

// document is a container as the API tells it; what is sent is a part of it.
type document struct {
	Properties struct {
		PublicAccess       string            `json:"publicAccess,omitempty"`
		Metadata           map[string]string `json:"metadata,omitempty"`
		HasLegalHold       bool              `json:"hasLegalHold,omitempty"`
		ImmutabilityPolicy *struct {
			ETag       string           `json:"etag"`
			Properties policyProperties `json:"properties"`
		} `json:"immutabilityPolicy,omitempty"`
	} `json:"properties"`
}

type policyProperties struct {
	Days  int64  `json:"immutabilityPeriodSinceCreationInDays"`
	State string `json:"state,omitempty"`
}

// Read is the state of a container; one that is not there is no error.
func Read(ctx context.Context, client *arm.Client, id string) (State, error) {
	var found document
	err := client.Get(ctx, id, Version, &found)
	var refused *arm.Error
	switch {
	case errors.As(err, &refused) && slices.Contains([]string{"ContainerNotFound", "ResourceNotFound"}, refused.Code): // not a missing account or group
		return State{}, nil
	case err != nil:
		return State{}, fmt.Errorf("container %s: %w", id, err)
	}
	state := State{
		Exists: true, Project: found.Properties.Metadata[ownerKey], LegalHold: found.Properties.HasLegalHold,
		Public: found.Properties.PublicAccess != "" && found.Properties.PublicAccess != "None",
	}
	if policy := found.Properties.ImmutabilityPolicy; policy != nil && policy.ETag != "" {
		state.Policy = &Policy{Days: policy.Properties.Days, Locked: policy.Properties.State == "Locked", etag: policy.ETag}
	}
	return state, nil
}

// Ensure makes a container, or adopts one that is there. One that was made for another project is an error, and so is one
// that nobody said to adopt.
func Ensure(ctx context.Context, client *arm.Client, wanted Wanted) (State, error) {
	state, err := Read(ctx, client, wanted.ID)
	if err != nil {
		return state, err
	}
	switch {
	case state.Exists && state.Project != "" && state.Project != wanted.Project:
		return state, fmt.Errorf("container %s: %w: it was made for the project %q: name another container", wanted.ID, mlops.ErrExists, state.Project)
	case state.Exists && state.Project == "" && wanted.Create:
		return state, fmt.Errorf("container %s: %w, and this project did not make it: set create_container = false to adopt it", wanted.ID, mlops.ErrExists)
	case state.Exists:
		return state, nil
	case !wanted.Create:
		return state, fmt.Errorf("container %s: %w: create it, or set create_container = true", wanted.ID, mlops.ErrNotFound)
	}
	body := map[string]any{"properties": map[string]any{"publicAccess": "None", "metadata": map[string]string{ownerKey: wanted.Project}}}
	if err := client.Put(ctx, wanted.ID, Version, body, nil, arm.Condition{}); err != nil {
		return state, fmt.Errorf("container %s: create: %w", wanted.ID, err)
	}
	return State{Exists: true, Project: wanted.Project}, nil
}

// Kept says why a container is still there after a destroy.
type Kept struct {
	Reason string // "" where it is gone
	// Until is when the last blob is free, zero where that is not known.
	Until time.Time
}

// Remove deletes a container that was made for the project. It leaves one that was adopted, one with a legal hold, and one
// under a locked policy, and says so. newest is when the last blob was written, zero where that is not known.
func Remove(ctx context.Context, client *arm.Client, id, project string, newest time.Time) (Kept, error) {
	state, err := Read(ctx, client, id)
	switch {
	case err != nil:
		return Kept{}, err
	case !state.Exists:
		return Kept{}, nil
	case state.Project != project:
		return Kept{Reason: fmt.Sprintf("container %s stays: this project did not make it", id)}, nil
	case state.LegalHold:
		return Kept{Reason: fmt.Sprintf("container %s stays: it has a legal hold; clear that, then delete it", id)}, nil
	case state.Policy != nil && state.Policy.Locked:
		return kept(id, *state.Policy, newest), nil
	case state.Policy != nil:
		err := client.Delete(ctx, id+policyPath, Version, arm.Condition{IfMatch: state.Policy.etag})
		if err != nil && !errors.Is(err, mlops.ErrConflict) {
			return Kept{}, fmt.Errorf("container %s: remove its immutability policy: %w", id, err)
		}
		if err != nil { // a lost reply, or somebody was quicker: look again, once
			if again, read := Read(ctx, client, id); read != nil || again.Policy != nil {
				return Kept{}, fmt.Errorf("container %s: remove its immutability policy: %w", id, errors.Join(err, read))
			}
		}
	}
	if err := client.Delete(ctx, id, Version, arm.Condition{}); err != nil {
		return Kept{}, fmt.Errorf("container %s: delete: %w", id, err)
	}
	return Kept{}, nil
}

func kept(id string, policy Policy, newest time.Time) Kept {
	if newest.IsZero() {
		return Kept{Reason: fmt.Sprintf("container %s stays: its immutability policy is locked, and keeps each blob for %d days after it was written", id, policy.Days)}
	}
	until := newest.Add(time.Duration(policy.Days) * 24 * time.Hour).UTC()
	return Kept{Until: until, Reason: fmt.Sprintf("container %s stays: its immutability policy is locked, and keeps what is in it until %s", id, until.Format(time.RFC3339))}
}
