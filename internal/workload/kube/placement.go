package kube

import (
	"fmt"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Placement is everything that rendering needs beside the workload itself: where a project's objects go and what they carry.
type Placement struct {
	Project   string // name of the project
	Place     string // the project's store, as agent containers reach it (an ARM ID)
	Namespace string
	// NamePrefix stands before the project's name, which begins every object's name; "" for none.
	NamePrefix string
	// Labels and Annotations stand on every object and pod, beside ours.
	Labels, Annotations map[string]string
	AgentImage          string
	ImagePullSecrets    []string
	// AgentEnvironment is seen by agent containers alone.
	AgentEnvironment map[string]string
	// Identities are the workload identities of agent containers; user containers have none.
	Identities Identities
	// Queue is the Kueue queue that jobs wait in, "" for none.
	Queue string
	// Jobs and Serving say on which nodes the pods of each may run.
	Jobs, Serving Scheduling
}

// Identities are Entra client ids of the three roles; an empty one has no identity.
type Identities struct {
	Control, Jobs, Serving string
	TenantID               string // "" for the cluster's own
}

// Scheduling chooses nodes.
type Scheduling struct {
	NodeSelector map[string]string
	Tolerations  []Toleration
}

// Toleration lets pods onto nodes with a taint, in Kubernetes' own words.
type Toleration struct{ Key, Operator, Value, Effect string }

// role is whose rights the agent containers of a pod have.
type role string

const (
	roleControl role = "control"
	roleJobs    role = "jobs"
	roleServing role = "serving"
)

var roles = []role{roleControl, roleJobs, roleServing}

func roleOf(manifest workload.Manifest) role {
	switch {
	case manifest.Kind != workload.KindService:
		return roleJobs
	case manifest.Name == workload.ControlService:
		return roleControl
	default:
		return roleServing
	}
}

func (i Identities) clientID(of role) string {
	return map[role]string{roleControl: i.Control, roleJobs: i.Jobs, roleServing: i.Serving}[of]
}

func (p Placement) scheduling(of role) Scheduling {
	switch of {
	case roleJobs:
		return p.Jobs
	case roleServing:
		return p.Serving
	default:
		return Scheduling{}
	}
}

// image is what a container runs: by digest where it is known.
func (p Placement) image(container workload.Container) (string, error) {
	if container.Agent {
		if p.AgentImage == "" {
			return "", fmt.Errorf("%w: no agent image: set agent_image to one that the cluster can pull", mlops.ErrInvalid)
		}
		return p.AgentImage, nil
	}
	if container.Image == "" {
		return "", fmt.Errorf("%w: container %q names no image", mlops.ErrInvalid, container.Name)
	}
	if container.Digest != "" && !strings.Contains(container.Image, "@") {
		return container.Image + "@" + container.Digest, nil
	}
	return container.Image, nil
}
