package kube

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// fault is why a pod does not do what it should, and whose log tells more.
type fault struct {
	message   string
	pod       *corev1.Pod
	container string // "" where no log would help
	restarts  int32
	previous  bool // the log is that of the container's last life
}

// statuses are those of all containers, in the order in which they start.
func statuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

func ready(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func restarts(pod *corev1.Pod) (sum int64) {
	for _, status := range statuses(pod) {
		sum += int64(status.RestartCount)
	}
	return sum
}

// starting are reasons to wait that pass by themselves.
var starting = []string{"", "PodInitializing", "ContainerCreating"}

// stuck says what keeps a pod from becoming ready; an empty message where it is just starting.
func stuck(pod *corev1.Pod) fault {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return fault{pod: pod, message: fmt.Sprintf("pod %s finds no node: %s", pod.Name, condition.Message)}
		}
	}
	for _, status := range statuses(pod) {
		if found := stuckContainer(pod, status); found.message != "" {
			return found
		}
	}
	for _, status := range statuses(pod) {
		if running := status.State.Running; running != nil && !status.Ready && status.RestartCount == 0 && watched(pod, status.Name) {
			return fault{pod: pod, container: status.Name,
				message: fmt.Sprintf("pod %s: container %q runs and does not answer its health check", pod.Name, status.Name)}
		}
	}
	return fault{pod: pod, message: pod.Status.Message}
}

func stuckContainer(pod *corev1.Pod, status corev1.ContainerStatus) fault {
	ended := status.State.Terminated
	if ended == nil {
		ended = status.LastTerminationState.Terminated
	}
	found := fault{pod: pod, restarts: status.RestartCount}
	waiting := status.State.Waiting
	switch {
	case ended != nil && (ended.ExitCode != 0 || waiting != nil && waiting.Reason == "CrashLoopBackOff"):
		found.container, found.previous = status.Name, status.State.Terminated == nil
		found.message = fmt.Sprintf("pod %s: container %q %s", pod.Name, status.Name, ending(ended))
		if status.RestartCount > 0 {
			found.message += fmt.Sprintf(", started %d times", status.RestartCount+1)
		}
		if waiting != nil && !slices.Contains(starting, waiting.Reason) {
			found.message += " (" + waiting.Reason + ")"
		}
	case waiting != nil && !slices.Contains(starting, waiting.Reason):
		found.message = fmt.Sprintf("pod %s: container %q: %s", pod.Name, status.Name, waiting.Reason)
		if waiting.Message != "" {
			found.message += ": " + waiting.Message
		}
	}
	return found
}

// watched says whether somebody asks the container how it is.
func watched(pod *corev1.Pod, name string) bool {
	return slices.ContainsFunc(slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers), func(c corev1.Container) bool {
		return c.Name == name && (c.ReadinessProbe != nil || c.StartupProbe != nil)
	})
}

// Exit codes above this are a signal's number more, as shells have it.
const signalled, lastSignal = 128, 64

func ending(ended *corev1.ContainerStateTerminated) string {
	switch {
	case ended.Reason == "OOMKilled":
		return "was killed: it used more memory than its limit (OOMKilled)"
	case killed(ended):
		return fmt.Sprintf("was killed by signal %d", ended.ExitCode-signalled)
	default:
		return fmt.Sprintf("ended with exit code %d", ended.ExitCode)
	}
}

func killed(ended *corev1.ContainerStateTerminated) bool {
	return ended.Reason == "OOMKilled" || ended.ExitCode > signalled && ended.ExitCode <= signalled+lastSignal
}

// digests are those of the images that ran, by container. An image that a node was given by hand has none that it could be
// pulled by: it is not said.
func digests(pod *corev1.Pod) map[string]string {
	found := map[string]string{}
	for _, status := range statuses(pod) {
		if _, digest, pulled := strings.Cut(status.ImageID, "@"); pulled && strings.HasPrefix(digest, "sha256:") {
			found[status.Name] = digest
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}
