package kubernetes

import (
	"crypto/sha256"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podStatus is what a kubelet would say of a pod whose containers behave so. Times are the pod's own, so that a pod that
// does not change has a status that does not.
func podStatus(pod *corev1.Pod, behave Behaviour) corev1.PodStatus {
	at := pod.CreationTimestamp
	status := *pod.Status.DeepCopy()
	status.InitContainerStatuses, status.ContainerStatuses = nil, nil
	status.Phase, status.StartTime, status.HostIP, status.PodIP = corev1.PodPending, &at, "127.0.0.1", "127.0.0.1"
	status.HostIPs, status.PodIPs = []corev1.HostIP{{IP: status.HostIP}}, []corev1.PodIP{{IP: status.PodIP}}
	job := pod.Spec.RestartPolicy == corev1.RestartPolicyNever
	blocked, failed, ready, ended := false, false, true, true
	for _, container := range pod.Spec.InitContainers {
		sidecar := container.RestartPolicy != nil
		one := containerStatus(container, behave(pod, container.Name), blocked || failed, !sidecar, !job, at)
		blocked = blocked || one.State.Waiting != nil || !sidecar && one.State.Running != nil
		failed = failed || job && one.State.Terminated != nil && one.State.Terminated.ExitCode != 0
		ready = ready && (one.Ready || !sidecar && one.State.Terminated != nil)
		status.InitContainerStatuses = append(status.InitContainerStatuses, one)
	}
	for _, container := range pod.Spec.Containers {
		one := containerStatus(container, behave(pod, container.Name), blocked || failed, job, !job, at)
		failed = failed || job && one.State.Terminated != nil && one.State.Terminated.ExitCode != 0
		ready, ended = ready && one.Ready, ended && one.State.Terminated != nil
		status.ContainerStatuses = append(status.ContainerStatuses, one)
	}
	switch {
	case failed:
		status.Phase, ready = corev1.PodFailed, false
	case blocked:
		ready = false
	case ended:
		status.Phase, ready = corev1.PodSucceeded, false
	default:
		status.Phase = corev1.PodRunning
	}
	status.Conditions = conditions(status.Conditions, ready, at)
	return status
}

func conditions(before []corev1.PodCondition, ready bool, at metav1.Time) []corev1.PodCondition {
	var kept []corev1.PodCondition
	for _, condition := range before {
		if condition.Type == corev1.PodScheduled {
			kept = append(kept, condition)
		}
	}
	value := corev1.ConditionFalse
	if ready {
		value = corev1.ConditionTrue
	}
	for _, name := range []corev1.PodConditionType{corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		kept = append(kept, corev1.PodCondition{Type: name, Status: value, LastTransitionTime: at})
	}
	return kept
}

// containerStatus is of one container; ends says that it is one that ends, again that one that failed is started again.
func containerStatus(container corev1.Container, outcome Outcome, blocked, ends, again bool, at metav1.Time) corev1.ContainerStatus {
	started := true
	status := corev1.ContainerStatus{
		Name: container.Name, Image: container.Image, Started: &started,
		ImageID: fmt.Sprintf("registry.example/image@sha256:%x", sha256.Sum256([]byte(container.Image))), ContainerID: "containerd://" + container.Name,
	}
	over := &corev1.ContainerStateTerminated{
		ExitCode: outcome.ExitCode, Reason: outcome.Reason, StartedAt: at, FinishedAt: metav1.NewTime(at.Add(time.Second)),
	}
	waiting := func(reason string) {
		started = false
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason}
	}
	switch {
	case blocked:
		status.ImageID, status.ContainerID = "", ""
		waiting("PodInitializing")
	case outcome.Waiting != "":
		status.ImageID, status.ContainerID = "", ""
		waiting(outcome.Waiting)
	case outcome.Failed && again:
		waiting("CrashLoopBackOff")
		status.RestartCount, status.LastTerminationState.Terminated = 2, over
	case outcome.Failed, ends && !outcome.Runs:
		started = false
		status.State.Terminated = over
	default:
		status.State.Running = &corev1.ContainerStateRunning{StartedAt: at}
		status.Ready = !outcome.NotReady
	}
	return status
}
