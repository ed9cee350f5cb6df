package podscene_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Whatever is killed, the loop goes on: a job's pod (the run's next attempt), a collector and a model (no acknowledged record
// is lost), a serving pod in order (no request is lost), the controller (another resumes). And nothing is left afterwards.
func TestPodsMayDie(t *testing.T) {
	p := newPlay(t)
	struck := p.killFirstJob()
	p.run(p.terraform, "apply", "-auto-approve", "-no-color", "-input=false")
	p.say("applied")
	p.await("version 1 is served by two pods", func() (bool, string) {
		newest := p.newest()
		return newest.State == "promoted" && p.ready() == 2, fmt.Sprintf("%+v, %d ready", newest, p.ready())
	})
	if name := <-struck; name == "" {
		t.Error("no pod of a job was seen: none was killed")
	} else if newest := p.newest(); newest.Attempt != 2 {
		t.Errorf("pod %s was killed, and the run was promoted at attempt %d", name, newest.Attempt)
	} else {
		p.say("pod %s was killed: the run was made again, as attempt 2", name)
	}

	acknowledged := 0
	killed := func(container string) {
		traffic := p.traffic()
		p.await("traffic flows", func() (bool, string) { return p.recorded() > acknowledged, "" })
		p.killContainer(container)
		p.await("both pods are ready again after the end of a "+container, func() (bool, string) { return p.ready() == 2, strconv.Itoa(p.ready()) })
		counted := p.stop(traffic)
		acknowledged += counted.Requests - counted.Failed
	}
	killed("collect")
	killed("serve")

	traffic := p.traffic()
	p.remove(p.pods("serving")[0], false)
	p.await("another pod has taken its place", func() (bool, string) { return p.gone() && p.ready() == 2, strconv.Itoa(p.ready()) })
	counted := p.stop(traffic)
	acknowledged += counted.Requests - counted.Failed
	if counted.Failed > 0 {
		t.Errorf("%d requests failed while a pod went in order, first: %s", counted.Failed, counted.FirstFailure)
	}
	p.await("every acknowledged request has its record", func() (bool, string) {
		recorded := p.recorded()
		return recorded >= acknowledged, fmt.Sprintf("%d of %d", recorded, acknowledged)
	})
	p.say("%d requests were acknowledged, %d have a record", acknowledged, p.recorded())
	var audit struct {
		Lost int64 `json:"lost"`
	}
	if err := p.ask(&audit, "records", "verify", "--deployment", "delay", "--read"); err != nil || audit.Lost > 0 {
		t.Errorf("%d records are lost, %v", audit.Lost, err)
	}

	p.await("a drift monitor has looked, on its schedule", func() (bool, string) {
		looks, err := p.scene.Admin.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: kindLabel + "=schedules"})
		return err == nil && slices.ContainsFunc(looks.Items, func(pod corev1.Pod) bool { return pod.Status.Phase == corev1.PodSucceeded }), fmt.Sprint(len(looks.Items), err)
	})

	p.run("mlops", "train", "delay", "--reason", "the controller will be killed")
	p.await("a run is under way", func() (bool, string) {
		newest := p.newest()
		return newest.State == "training" || newest.State == "trained", newest.State
	})
	first := p.newest()
	p.remove(p.pods("control")[0], true)
	p.await("the controller's successor has brought it to an approval", func() (bool, string) {
		newest := p.newest()
		return newest.ID == first.ID && newest.State == "awaiting_approval", fmt.Sprintf("%+v", newest)
	})
	if newest := p.newest(); newest.Attempt != first.Attempt {
		t.Errorf("the run was made again: attempt %d", newest.Attempt)
	}
	traffic = p.traffic()
	p.run("mlops", "approve", first.ID, "--reason", "it holds")
	p.await("version 2 is promoted", func() (bool, string) {
		newest := p.newest()
		return newest.State == "promoted" && p.gone() && p.ready() == 2, fmt.Sprintf("%+v", newest)
	})
	if counted := p.stop(traffic); counted.Failed > 0 {
		t.Errorf("%d of %d requests failed during a promotion, first: %s", counted.Failed, counted.Requests, counted.FirstFailure)
	}

	p.run(p.terraform, "destroy", "-auto-approve", "-no-color", "-input=false")
	p.await("no pod is left", func() (bool, string) {
		left, err := p.scene.Admin.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
		return err == nil && len(left.Items) == 0, fmt.Sprintf("%d pods, %v", len(left.Items), err)
	})
}

// killFirstJob removes the first pod of a job that has begun, as if its node were lost, and says its name.
func (p *play) killFirstJob() <-chan string {
	struck := make(chan string, 1)
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	go func() {
		defer cancel()
		defer close(struck)
		for ctx.Err() == nil {
			found, err := p.scene.Admin.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: kindLabel + "=jobs"})
			if err == nil && len(found.Items) > 0 && slices.ContainsFunc(found.Items[0].Status.InitContainerStatuses, func(s corev1.ContainerStatus) bool { return s.State.Running != nil }) {
				err = p.scene.Admin.CoreV1().Pods(namespace).Delete(ctx, found.Items[0].Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
				if err == nil {
					struck <- found.Items[0].Name
					return
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return struck
}

// killContainer kills a container of the first serving pod, and waits until that is seen.
func (p *play) killContainer(name string) {
	p.Helper()
	pod := p.pods("serving")[0]
	status := func(of corev1.Pod) corev1.ContainerStatus {
		for _, one := range append(of.Status.InitContainerStatuses, of.Status.ContainerStatuses...) {
			if one.Name == name {
				return one
			}
		}
		return corev1.ContainerStatus{}
	}
	before := status(pod)
	if err := p.scene.Kill(p.Context(), before); err != nil {
		p.Fatal(err)
	}
	p.await(name+" was killed and started again", func() (bool, string) {
		now, err := p.scene.Admin.CoreV1().Pods(namespace).Get(p.Context(), pod.Name, metav1.GetOptions{})
		return err == nil && status(*now).RestartCount > before.RestartCount, fmt.Sprint(err)
	})
}

// ready counts the serving pods that take requests.
func (p *play) ready() int {
	count := 0
	for _, pod := range p.pods("serving") {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				count++
			}
		}
	}
	return count
}

// gone says that no serving pod is on its way out.
func (p *play) gone() bool {
	all, err := p.scene.Admin.CoreV1().Pods(namespace).List(p.Context(), metav1.ListOptions{LabelSelector: roleLabel + "=serving"})
	return err == nil && len(all.Items) == len(p.pods("serving"))
}

// recorded counts the requests of which the store has a record with a good answer.
func (p *play) recorded() int {
	var count struct {
		Records int `json:"records"`
		Failed  int `json:"failed"`
	}
	if err := p.ask(&count, "records", "count", "--deployment", "delay"); err != nil {
		return 0
	}
	return count.Records - count.Failed
}
