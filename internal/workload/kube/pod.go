package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const (
	sharedVolume = "shared"
	stateVolume  = "state"

	// nobody is a user that owns nothing; images need not know it.
	nobody = 65532

	// labelIdentity and annotationSkip are read by the webhook of workload identity.
	labelIdentity  = "azure.workload.identity/use"
	annotationSkip = "azure.workload.identity/skip-containers"
)

func tmpVolume(of workload.Container) string { return "tmp-" + of.Name }

// podRenderer renders the pod of one workload.
type podRenderer struct {
	placement Placement
	role      role
	name      string // of the object
	kind      workload.Kind
	pod       workload.Pod
	ports     map[string]int32
	service   *workload.Service // nil for jobs
}

// template renders the pod with the label that tells pods of one template from those of another.
func (r *podRenderer) template() (*coreapply.PodTemplateSpecApplyConfiguration, error) {
	spec, err := r.spec()
	if err != nil {
		return nil, err
	}
	labels := r.placement.labels(r.name, string(r.kind))
	labels[labelRole] = string(r.role)
	if r.service != nil && r.service.Version > 0 {
		labels[labelVersion] = strconv.FormatInt(r.service.Version, 10)
	}
	annotations := maps.Clone(r.placement.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	if r.placement.Identities.clientID(r.role) != "" {
		labels[labelIdentity] = "true"
		if users := r.users(); len(users) > 0 {
			annotations[annotationSkip] = strings.Join(users, ";")
		}
	}
	template := coreapply.PodTemplateSpec().WithSpec(spec)
	template.ObjectMetaApplyConfiguration = metaapply.ObjectMeta().WithLabels(labels).WithAnnotations(annotations)
	content, err := json.Marshal(template)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	return template.WithLabels(map[string]string{labelTemplate: hex.EncodeToString(sum[:8])}), nil
}

// users are the containers that get no identity.
func (r *podRenderer) users() []string {
	var names []string
	for _, container := range slices.Concat(r.pod.Init, r.pod.Containers) {
		if !container.Agent {
			names = append(names, container.Name)
		}
	}
	return names
}

func (r *podRenderer) spec() (*coreapply.PodSpecApplyConfiguration, error) {
	scheduling := r.placement.scheduling(r.role)
	spec := coreapply.PodSpec().
		WithServiceAccountName(r.placement.roleName(r.role)).
		// Control alone talks to the cluster, and no user's code runs beside it.
		WithAutomountServiceAccountToken(r.role == roleControl).
		WithEnableServiceLinks(false).
		WithNodeSelector(scheduling.NodeSelector).
		WithSecurityContext(coreapply.PodSecurityContext().WithRunAsNonRoot(true).WithRunAsUser(nobody).WithRunAsGroup(nobody).
			WithFSGroup(nobody).WithSeccompProfile(coreapply.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithTerminationGracePeriodSeconds(r.gracePeriodSeconds()).
		WithVolumes(emptyDir(sharedVolume))
	if r.service != nil {
		spec.WithRestartPolicy(corev1.RestartPolicyAlways).WithVolumes(stateOf(*r.service)).
			WithTopologySpreadConstraints(coreapply.TopologySpreadConstraint().WithMaxSkew(1).WithTopologyKey(corev1.LabelHostname).
				WithWhenUnsatisfiable(corev1.ScheduleAnyway).
				WithLabelSelector(metaapply.LabelSelector().WithMatchLabels(selector(r.name, string(r.kind)))))
	} else {
		spec.WithRestartPolicy(corev1.RestartPolicyNever)
	}
	for _, secret := range r.placement.ImagePullSecrets {
		spec.WithImagePullSecrets(coreapply.LocalObjectReference().WithName(secret))
	}
	for _, t := range scheduling.Tolerations {
		spec.WithTolerations(toleration(t))
	}
	for _, container := range slices.Concat(r.pod.Init, r.pod.Containers) {
		spec.WithVolumes(emptyDir(tmpVolume(container)))
	}
	return spec, r.containers(spec)
}

// containers adds them in the order in which they start. Of a service all but the last are native sidecars: they start
// before it and end after it.
func (r *podRenderer) containers(spec *coreapply.PodSpecApplyConfiguration) error {
	for _, declared := range r.pod.Init {
		rendered, err := r.container(declared)
		if err != nil {
			return err
		}
		spec.WithInitContainers(rendered)
	}
	for i, declared := range r.pod.Containers {
		rendered, err := r.container(declared)
		if err != nil {
			return err
		}
		last := i == len(r.pod.Containers)-1
		if r.service != nil {
			r.watch(rendered, declared, last)
		}
		if r.service != nil && !last {
			spec.WithInitContainers(rendered.WithRestartPolicy(corev1.ContainerRestartPolicyAlways))
		} else {
			spec.WithContainers(rendered)
		}
	}
	return nil
}

func emptyDir(name string) *coreapply.VolumeApplyConfiguration {
	return coreapply.Volume().WithName(name).WithEmptyDir(coreapply.EmptyDirVolumeSource())
}

func toleration(t Toleration) *coreapply.TolerationApplyConfiguration {
	rendered := coreapply.Toleration()
	if t.Key != "" {
		rendered.WithKey(t.Key)
	}
	if t.Operator != "" {
		rendered.WithOperator(corev1.TolerationOperator(t.Operator))
	}
	if t.Value != "" {
		rendered.WithValue(t.Value)
	}
	if t.Effect != "" {
		rendered.WithEffect(corev1.TaintEffect(t.Effect))
	}
	return rendered
}

// gracePeriodSeconds lets containers stop one after another; see drainSeconds.
func (r *podRenderer) gracePeriodSeconds() int64 {
	each := seconds(r.pod.GracePeriod)
	if r.service == nil {
		return each
	}
	return drainSeconds + each*int64(len(r.pod.Containers)) + 1
}

// renderPod is the pod of a manifest.
func renderPod(manifest workload.Manifest, placement Placement, name string) (*podRenderer, error) {
	renderer := &podRenderer{placement: placement, role: roleOf(manifest), name: name, kind: manifest.Kind, service: manifest.Service}
	switch manifest.Kind {
	case workload.KindService:
		renderer.pod = manifest.Service.Pod
	case workload.KindJob:
		renderer.pod = manifest.Job.Pod
	case workload.KindSchedule:
		renderer.pod = manifest.Schedule.Job.Pod
	default:
		return nil, fmt.Errorf("workload kind %q", manifest.Kind)
	}
	renderer.ports = portNumbers(renderer.pod)
	return renderer, nil
}
