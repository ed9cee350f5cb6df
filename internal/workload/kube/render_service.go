package kube

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	autoscalingapply "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	policyapply "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const (
	endpointPort   = 80
	oldReplicaSets = 2
)

func renderService(manifest workload.Manifest, placement Placement, declared map[string]string) (Rendered, error) {
	service, name := *manifest.Service, placement.objectName(manifest.Kind, manifest.Name)
	pod, err := renderPod(manifest, placement, name)
	if err != nil {
		return Rendered{}, err
	}
	template, err := pod.template()
	if err != nil {
		return Rendered{}, err
	}
	spec := appsapply.DeploymentSpec().WithTemplate(template).WithRevisionHistoryLimit(oldReplicaSets).
		WithSelector(metaapply.LabelSelector().WithMatchLabels(selector(name, string(manifest.Kind)))).
		WithProgressDeadlineSeconds(int32(seconds(service.ReadyTimeout))).
		// The new one is ready before an old one goes.
		WithStrategy(appsapply.DeploymentStrategy().WithType(appsv1.RollingUpdateDeploymentStrategyType).
			WithRollingUpdate(appsapply.RollingUpdateDeployment().WithMaxUnavailable(intstr.FromInt32(0)).WithMaxSurge(intstr.FromString("25%"))))
	if service.Autoscaling == nil { // else the autoscaler's alone
		spec.WithReplicas(int32(service.Replicas))
	}
	deployment := appsapply.Deployment(name, placement.Namespace).WithSpec(spec)
	deployment.ObjectMetaApplyConfiguration = placement.objectMeta(name, string(manifest.Kind), declared)
	rendered := Rendered{}
	if rendered.Primary, err = newObject(Deployments, name, deployment); err != nil {
		return Rendered{}, err
	}
	for _, beside := range secondaries(manifest, placement, name, pod.ports) {
		object, err := newObject(beside.resource, name, beside.configuration)
		if err != nil {
			return Rendered{}, err
		}
		rendered.Secondary = append(rendered.Secondary, object)
	}
	return rendered, nil
}

type secondary struct {
	resource      Resource
	configuration any
}

// secondaries stand beside a Deployment: the autoscaler where it is asked for, the rest where the service has an address.
func secondaries(manifest workload.Manifest, placement Placement, name string, ports map[string]int32) []secondary {
	service, kind, declared := *manifest.Service, string(manifest.Kind), beside(manifest)
	var all []secondary
	if service.Autoscaling != nil {
		autoscaler := autoscalingapply.HorizontalPodAutoscaler(name, placement.Namespace).WithSpec(autoscalerSpec(service, name))
		autoscaler.ObjectMetaApplyConfiguration = placement.objectMeta(name, kind, declared)
		all = append(all, secondary{Autoscalers, autoscaler})
	}
	if service.Port == "" {
		return all
	}
	address := coreapply.Service(name, placement.Namespace).WithSpec(coreapply.ServiceSpec().
		WithType(corev1.ServiceTypeClusterIP).WithSelector(selector(name, kind)).
		WithPorts(coreapply.ServicePort().WithName("http").WithAppProtocol("http").WithProtocol(corev1.ProtocolTCP).
			WithPort(endpointPort).WithTargetPort(intstr.FromInt32(ports[service.Port]))))
	address.ObjectMetaApplyConfiguration = placement.objectMeta(name, kind, declared)
	// One at a time, and what does not work is in nobody's way.
	budget := policyapply.PodDisruptionBudget(name, placement.Namespace).WithSpec(policyapply.PodDisruptionBudgetSpec().
		WithMaxUnavailable(intstr.FromInt32(1)).WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
		WithSelector(metaapply.LabelSelector().WithMatchLabels(selector(name, kind))))
	budget.ObjectMetaApplyConfiguration = placement.objectMeta(name, kind, declared)
	return append(all, secondary{Services, address}, secondary{DisruptionBudgets, budget})
}

// autoscalerSpec follows the load of the model's own container: a collector beside it is busy with other things.
func autoscalerSpec(service workload.Service, name string) *autoscalingapply.HorizontalPodAutoscalerSpecApplyConfiguration {
	model := service.Pod.Containers[len(service.Pod.Containers)-1].Name
	return autoscalingapply.HorizontalPodAutoscalerSpec().
		WithScaleTargetRef(autoscalingapply.CrossVersionObjectReference().WithAPIVersion(Deployments.APIVersion).WithKind(Deployments.Kind).WithName(name)).
		WithMinReplicas(int32(service.Autoscaling.Minimum)).WithMaxReplicas(int32(service.Autoscaling.Maximum)).
		WithMetrics(autoscalingapply.MetricSpec().WithType(autoscalingv2.ContainerResourceMetricSourceType).
			WithContainerResource(autoscalingapply.ContainerResourceMetricSource().WithName(corev1.ResourceCPU).WithContainer(model).
				WithTarget(autoscalingapply.MetricTarget().WithType(autoscalingv2.UtilizationMetricType).
					WithAverageUtilization(int32(service.Autoscaling.CPUPercent)))))
}
