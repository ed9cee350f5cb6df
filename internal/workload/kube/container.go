package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// size is what a container asks for and what it is held to.
type size struct{ request, limit mlops.Resources }

// userSize is what a user's container gets that asks for nothing.
var userSize = size{request: mlops.Resources{CPU: "500m", Memory: "512Mi"}, limit: mlops.Resources{CPU: "1", Memory: "1Gi"}}

// agentSizes are of our own binary, by its command. A drift monitor holds a window's columns in memory, a fetch a block.
var agentSizes = map[string]size{
	"drift": {request: mlops.Resources{CPU: "250m", Memory: "256Mi"}, limit: mlops.Resources{CPU: "2", Memory: "2Gi"}},
	"":      {request: mlops.Resources{CPU: "100m", Memory: "128Mi"}, limit: mlops.Resources{CPU: "1", Memory: "512Mi"}},
}

// container renders what is the same for init containers, sidecars and the others.
func (r *podRenderer) container(declared workload.Container) (*coreapply.ContainerApplyConfiguration, error) {
	image, err := r.placement.image(declared)
	if err != nil {
		return nil, err
	}
	resources, err := resourcesOf(declared)
	if err != nil {
		return nil, err
	}
	expand := r.expander(declared)
	arguments := make([]string, len(declared.Command))
	for i, argument := range declared.Command {
		arguments[i] = expand.Replace(argument)
	}
	rendered := coreapply.Container().WithName(declared.Name).WithImage(image).WithResources(resources).
		WithEnv(environment(r.placement, declared, expand)...).
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithSecurityContext(coreapply.SecurityContext().WithAllowPrivilegeEscalation(false).WithPrivileged(false).
			WithReadOnlyRootFilesystem(declared.Agent).WithCapabilities(coreapply.Capabilities().WithDrop("ALL"))).
		WithVolumeMounts(
			coreapply.VolumeMount().WithName(sharedVolume).WithMountPath(sharedPath),
			coreapply.VolumeMount().WithName(tmpVolume(declared)).WithMountPath(tmpPath),
		)
	if declared.Agent {
		rendered.WithArgs(arguments...) // the image's entry point is our binary
	} else {
		rendered.WithCommand(arguments...)
	}
	if declared.Agent && r.service != nil {
		rendered.WithVolumeMounts(coreapply.VolumeMount().WithName(stateVolume).WithMountPath(statePath))
	}
	for _, name := range declared.Ports {
		rendered.WithPorts(coreapply.ContainerPort().WithName(name).WithContainerPort(r.ports[name]).WithProtocol(corev1.ProtocolTCP))
	}
	return rendered, nil
}

// resourcesOf takes what is asked for as request and limit; what is not asked for is a size of ours.
func resourcesOf(declared workload.Container) (*coreapply.ResourceRequirementsApplyConfiguration, error) {
	chosen := userSize
	if declared.Agent {
		var known bool
		if chosen, known = agentSizes[declared.Command[0]]; !known {
			chosen = agentSizes[""]
		}
	}
	if cpu := declared.Resources.CPU; cpu != "" {
		chosen.request.CPU, chosen.limit.CPU = cpu, cpu
	}
	if memory := declared.Resources.Memory; memory != "" {
		chosen.request.Memory, chosen.limit.Memory = memory, memory
	}
	requests, err := quantities(declared.Name, chosen.request)
	if err != nil {
		return nil, err
	}
	limits, err := quantities(declared.Name, chosen.limit)
	if err != nil {
		return nil, err
	}
	return coreapply.ResourceRequirements().WithRequests(requests).WithLimits(limits), nil
}

func quantities(container string, of mlops.Resources) (corev1.ResourceList, error) {
	list := corev1.ResourceList{}
	for name, text := range map[corev1.ResourceName]string{corev1.ResourceCPU: of.CPU, corev1.ResourceMemory: of.Memory} {
		quantity, err := resource.ParseQuantity(text)
		if err != nil || quantity.Sign() <= 0 {
			return nil, fmt.Errorf("%w: container %q: %s %q: write a quantity of Kubernetes above zero, such as 500m or 512Mi",
				mlops.ErrInvalid, container, name, text)
		}
		list[name] = quantity
	}
	return list, nil
}
