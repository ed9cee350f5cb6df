package kube

import (
	"path"

	"k8s.io/apimachinery/pkg/api/resource"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// stateOf is the volume of a service's StateDir: the claim that it names, else a folder that goes with the pod and is held to
// the size that was declared, so that it cannot fill the node.
func stateOf(service workload.Service) *coreapply.VolumeApplyConfiguration {
	if claim := service.State.Claim; claim != "" {
		return coreapply.Volume().WithName(stateVolume).
			WithPersistentVolumeClaim(coreapply.PersistentVolumeClaimVolumeSource().WithClaimName(claim))
	}
	volume := emptyDir(stateVolume)
	if service.State.Bytes > 0 {
		volume.EmptyDir.WithSizeLimit(*resource.NewQuantity(service.State.Bytes, resource.BinarySI))
	}
	return volume
}

// stateDir is where containers find it. Several services may share a claim: each has a folder of its own there, which it makes
// itself. One that the kubelet made, as for a sub-path, would belong to root and be closed to our pods.
func (r *podRenderer) stateDir() string {
	if r.service.State.Claim == "" {
		return statePath
	}
	return path.Join(statePath, r.name)
}
