package kube

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	coreapply "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Where a container finds what its placeholders stand for.
const (
	sharedPath = "/mlops/shared"
	statePath  = "/mlops/state"
	tmpPath    = "/tmp"

	firstPort   = 8080
	instanceEnv = "MLOPS_INSTANCE"
)

// portNumbers gives every named port of a pod a number.
func portNumbers(pod workload.Pod) map[string]int32 {
	numbers := map[string]int32{}
	for i, name := range pod.PortNames() {
		numbers[name] = int32(firstPort + i)
	}
	return numbers
}

// expander puts this platform's values in the place of placeholders. Everything else that looks like a variable to
// Kubernetes is kept from it: a user's `$(date)` is the user's own.
func (r *podRenderer) expander(container workload.Container) *strings.Replacer {
	pairs := []string{
		workload.SharedDir, sharedPath, workload.Instance, "$(" + instanceEnv + ")", workload.ListenHost, "0.0.0.0",
	}
	for name, port := range r.ports {
		pairs = append(pairs, workload.PortOf(name), strconv.Itoa(int(port)))
	}
	if container.Agent { // a user's container is not told where the store is
		pairs = append(pairs, workload.Place, r.placement.Place)
	}
	if container.Agent && r.service != nil {
		pairs = append(pairs, workload.StateDir, r.stateDir())
	}
	return strings.NewReplacer(append(pairs, "$", "$$")...)
}

// environment is what a container is given; an agent container also what the project says and who it is.
func environment(placement Placement, container workload.Container, expand *strings.Replacer) []*coreapply.EnvVarApplyConfiguration {
	values := map[string]string{"HOME": tmpPath, "TMPDIR": tmpPath}
	for name, value := range container.Env {
		values[name] = expand.Replace(value)
	}
	if container.Agent {
		for name, value := range placement.AgentEnvironment {
			values[name] = strings.ReplaceAll(value, "$", "$$")
		}
	}
	field := coreapply.ObjectFieldSelector().WithFieldPath("metadata.name")
	// First, for others may be made of it.
	env := []*coreapply.EnvVarApplyConfiguration{
		coreapply.EnvVar().WithName(instanceEnv).WithValueFrom(coreapply.EnvVarSource().WithFieldRef(field)),
	}
	delete(values, instanceEnv)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		env = append(env, coreapply.EnvVar().WithName(name).WithValue(values[name]))
	}
	return env
}
