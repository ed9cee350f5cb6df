package kube

import (
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// serviceStatus says how far a roll-out is.
func serviceStatus(hash string, deployment appsv1.Deployment, of []corev1.Pod) (workload.Status, fault) {
	status := workload.Status{}
	if deployment.Status.ObservedGeneration >= deployment.Generation {
		status.ObservedHash = hash
	}
	template := deployment.Spec.Template.Labels[labelTemplate]
	var first fault
	for i := range of {
		pod := &of[i]
		if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
			continue
		}
		version, _ := strconv.ParseInt(pod.Labels[labelVersion], 10, 64)
		replica := workload.Replica{
			Name: pod.Name, Version: version, Ready: ready(pod), Updated: pod.Labels[labelTemplate] == template, Restarts: restarts(pod),
		}
		if pod.Status.StartTime != nil {
			replica.Started = pod.Status.StartTime.UTC()
		}
		status.Replicas = append(status.Replicas, replica)
		if !replica.Ready {
			if first.message == "" && replica.Updated {
				first = stuck(pod)
			}
			continue
		}
		status.Ready++
		if replica.Updated {
			status.UpdatedReady++
			status.Digests = digests(pod)
		}
		if version > 0 && !slices.Contains(status.Versions, version) {
			status.Versions = append(status.Versions, version)
		}
	}
	slices.Sort(status.Versions)
	// An edit by hand makes other pods of the same label; the cluster tells those apart.
	status.UpdatedReady = min(status.UpdatedReady, int64(deployment.Status.UpdatedReplicas))
	if first.message == "" {
		first.message = refused(deployment)
	}
	status.Message = first.message
	return status, first
}

// refused is what keeps pods from being made at all (a quota, a policy), or that time is up.
func refused(deployment appsv1.Deployment) string {
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
			return condition.Message
		}
	}
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentProgressing && condition.Status == corev1.ConditionFalse {
			return condition.Message
		}
	}
	return ""
}

// jobStatus says where a job is in its one life.
func jobStatus(hash string, job batchv1.Job, of []corev1.Pod) (workload.Status, fault) {
	status := workload.Status{ObservedHash: hash, Phase: workload.PhasePending}
	if job.Status.StartTime != nil {
		status.Started = job.Status.StartTime.UTC()
	}
	var pod *corev1.Pod
	if len(of) > 0 {
		pod = &of[len(of)-1]
		status.Digests = digests(pod)
	}
	for _, condition := range job.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			status.Phase, status.Finished = workload.PhaseSucceeded, condition.LastTransitionTime.UTC()
			return status, fault{}
		case batchv1.JobFailed:
			status.Phase, status.Finished, status.Message = workload.PhaseFailed, condition.LastTransitionTime.UTC(), condition.Message
			return failedJob(status, condition.Reason, pod)
		default:
		}
	}
	if pod == nil {
		return status, fault{}
	}
	if began(pod) {
		status.Phase = workload.PhaseRunning
	}
	if found := stuck(pod); found.container == "" { // what fails in a job is told once it has ended
		status.Message = found.message
	}
	return status, fault{}
}

// failedJob says which container failed and how. A pod that is gone, as with its node, has exit code -1: it may be tried again.
func failedJob(status workload.Status, reason string, pod *corev1.Pod) (workload.Status, fault) {
	status.ExitCode = -1
	status.TimedOut = reason == batchv1.JobReasonDeadlineExceeded
	if pod == nil {
		return status, fault{}
	}
	status.TimedOut = status.TimedOut || pod.Status.Reason == batchv1.JobReasonDeadlineExceeded
	last := ""
	for _, container := range statuses(pod) {
		ended := container.State.Terminated
		if ended != nil && ended.ExitCode == 0 {
			continue
		}
		if last == "" && (ended != nil || container.State.Running != nil) {
			last = container.Name
		}
		if ended == nil {
			continue
		}
		status.Message = "container \"" + container.Name + "\" " + ending(ended)
		if !killed(ended) && !status.TimedOut {
			status.ExitCode = int64(ended.ExitCode)
		}
		break
	}
	status.Failed = last
	switch {
	case status.TimedOut:
		status.Message = "it took longer than its timeout"
	case pod.Status.Message != "": // evicted, or its node is lost
		status.Message = pod.Status.Message
	}
	return status, fault{pod: pod, container: last}
}

func began(pod *corev1.Pod) bool {
	return slices.ContainsFunc(statuses(pod), func(s corev1.ContainerStatus) bool {
		return s.State.Running != nil || s.State.Terminated != nil
	})
}

// scheduleStatus says when it ran last, and how that went.
func scheduleStatus(hash string, cron batchv1.CronJob, of []corev1.Pod) (workload.Status, fault) {
	status := workload.Status{ObservedHash: hash}
	if cron.Status.LastScheduleTime != nil {
		status.LastSlot = cron.Status.LastScheduleTime.UTC()
	}
	if len(of) == 0 {
		return status, fault{}
	}
	found := stuck(&of[len(of)-1])
	status.Message = found.message
	return status, found
}
