package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// read gets the objects of one workload; mlops.ErrNotFound where there is none of ours, or it is going.
func (c *Client) read(ctx context.Context, kind workload.Kind, name string) (objects, error) {
	set := objects{kind: kind, name: name, objectName: c.placement.objectName(kind, name), secondary: map[Resource]object{}}
	var err error
	if set.primary, err = c.api.get(ctx, primaryResources[kind], set.objectName); err != nil {
		return objects{}, fmt.Errorf("workload %s/%s: %w", kind, name, err)
	}
	if !c.owns(set.primary, name) || set.primary.meta().DeletionTimestamp != nil {
		return objects{}, fmt.Errorf("workload %s/%s: %w", kind, name, mlops.ErrNotFound)
	}
	if kind != workload.KindService {
		return set, nil
	}
	for _, resource := range secondaryOfServices {
		found, err := c.api.get(ctx, resource, set.objectName)
		if errors.Is(err, mlops.ErrNotFound) || err == nil && !c.owns(found, name) {
			continue
		}
		if err != nil {
			return objects{}, err
		}
		if found.meta().DeletionTimestamp == nil {
			set.secondary[resource] = found
		}
	}
	return set, nil
}

// listing is everything of a kind.
type listing struct {
	sets []objects
	pods map[string][]corev1.Pod // by object name
}

// listing reads everything of a kind, with one call for each kind of object.
func (c *Client) listing(ctx context.Context, kind workload.Kind) (listing, error) {
	primaries, err := c.api.list(ctx, primaryResources[kind], c.labelSelector(kind, ""))
	if err != nil {
		return listing{}, err
	}
	read := listing{pods: map[string][]corev1.Pod{}}
	at := map[string]int{}
	for _, primary := range primaries {
		meta := primary.meta()
		name := meta.Annotations[annotationWorkload]
		if !c.owns(primary, name) || meta.DeletionTimestamp != nil || meta.Name != c.placement.objectName(kind, name) {
			continue // also the jobs of schedules, which are nobody's declaration
		}
		at[meta.Name] = len(read.sets)
		read.sets = append(read.sets, objects{kind: kind, name: name, objectName: meta.Name, primary: primary, secondary: map[Resource]object{}})
	}
	if kind == workload.KindService {
		for _, resource := range secondaryOfServices {
			found, err := c.api.list(ctx, resource, c.labelSelector(kind, ""))
			if err != nil {
				return listing{}, err
			}
			for _, beside := range found {
				meta := beside.meta()
				if i, ok := at[meta.Name]; ok && meta.DeletionTimestamp == nil && c.owns(beside, read.sets[i].name) {
					read.sets[i].secondary[resource] = beside
				}
			}
		}
	}
	all, err := c.podsOf(ctx, kind, "")
	for _, pod := range all {
		read.pods[pod.Labels[labelName]] = append(read.pods[pod.Labels[labelName]], pod)
	}
	return read, err
}

func (c *Client) labelSelector(kind workload.Kind, objectName string) string {
	labels := []string{labelManagedBy + "=" + managedBy, labelPartOf + "=" + c.placement.Project, labelKind + "=" + string(kind)}
	if objectName != "" {
		labels = append(labels, labelName+"="+objectName)
	}
	return strings.Join(labels, ",")
}

// podsOf are the pods of a workload, oldest first; "" means of all of the kind.
func (c *Client) podsOf(ctx context.Context, kind workload.Kind, objectName string) ([]corev1.Pod, error) {
	found, err := c.api.list(ctx, pods, c.labelSelector(kind, objectName))
	if err != nil {
		return nil, err
	}
	all := make([]corev1.Pod, len(found))
	for i, pod := range found {
		if err := into(map[string]any(pod), &all[i]); err != nil {
			return nil, fmt.Errorf("pod %s: %w", pod.meta().Name, err)
		}
	}
	slices.SortStableFunc(all, func(a, b corev1.Pod) int {
		if order := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); order != 0 {
			return order
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all, nil
}

// live is a workload as the cluster sees it.
func (c *Client) live(ctx context.Context, set objects, of []corev1.Pod) workload.Live {
	live := workload.Live{Manifest: set.manifest(), Revision: set.revision()}
	edited := set.edited()
	if len(edited) == 0 {
		live.AppliedHash = set.primary.meta().Annotations[annotationApplied]
	}
	live.Status = c.status(ctx, set, of)
	live.Status.Time = c.now().UTC()
	if len(edited) > 0 {
		text := "changed by hand: " + strings.Join(edited, ", ")
		if live.Status.Message != "" {
			text += "; " + live.Status.Message
		}
		live.Status.Message = text
	}
	return live
}

func (c *Client) status(ctx context.Context, set objects, of []corev1.Pod) workload.Status {
	primary := map[string]any(set.primary)
	var status workload.Status
	var cause fault
	var err error
	switch set.kind {
	case workload.KindService:
		var deployment appsv1.Deployment
		err = into(primary, &deployment)
		status, cause = serviceStatus(set.manifest().Hash(), deployment, of)
	case workload.KindJob:
		var job batchv1.Job
		err = into(primary, &job)
		status, cause = jobStatus(set.manifest().Hash(), job, of)
	case workload.KindSchedule:
		var cron batchv1.CronJob
		err = into(primary, &cron)
		status, cause = scheduleStatus(set.manifest().Hash(), cron, of)
	}
	if err != nil {
		return workload.Status{Message: err.Error()}
	}
	if cause.container != "" {
		status.LogTail = c.tail(ctx, cause)
	}
	return status
}
