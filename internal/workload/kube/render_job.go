package kube

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	batchapply "k8s.io/client-go/applyconfigurations/batch/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const (
	labelQueue = "kueue.x-k8s.io/queue-name"

	// notStartedAfter is how long beyond its own time a job may take to find a node and to pull its images. The pod has
	// the deadline that counts: a job that is late removes its pods, and with them what they said.
	notStartedAfter = mlops.Duration(30 * time.Minute)

	finishedSlots = 1
	// lateStart is how late a slot may still be started, as after an outage of the cluster.
	lateStart = mlops.Duration(10 * time.Minute)
)

func renderJob(manifest workload.Manifest, placement Placement, declared map[string]string) (Rendered, error) {
	name := placement.objectName(manifest.Kind, manifest.Name)
	spec, err := jobSpec(manifest, *manifest.Job, placement, name)
	if err != nil {
		return Rendered{}, err
	}
	job := batchapply.Job(name, placement.Namespace).WithSpec(spec)
	job.ObjectMetaApplyConfiguration = placement.objectMeta(name, string(manifest.Kind), declared)
	if placement.Queue != "" {
		job.WithLabels(map[string]string{labelQueue: placement.Queue})
	}
	primary, err := newObject(Jobs, name, job)
	return Rendered{Primary: primary}, err
}

// jobSpec runs a pod once: attempts belong to the model's log, not to Kubernetes.
func jobSpec(manifest workload.Manifest, job workload.Job, placement Placement, name string) (*batchapply.JobSpecApplyConfiguration, error) {
	pod, err := renderPod(manifest, placement, name)
	if err != nil {
		return nil, err
	}
	template, err := pod.template()
	if err != nil {
		return nil, err
	}
	template.Spec.WithActiveDeadlineSeconds(seconds(job.Timeout))
	return batchapply.JobSpec().WithBackoffLimit(0).WithCompletions(1).WithParallelism(1).
		WithPodReplacementPolicy(batchv1.Failed).
		WithActiveDeadlineSeconds(seconds(job.Timeout + notStartedAfter)).WithTemplate(template), nil
}

func renderSchedule(manifest workload.Manifest, placement Placement, declared map[string]string) (Rendered, error) {
	name := placement.objectName(manifest.Kind, manifest.Name)
	schedule := *manifest.Schedule
	spec, err := jobSpec(manifest, schedule.Job, placement, name)
	if err != nil {
		return Rendered{}, err
	}
	zone := schedule.TimeZone
	if zone == "" {
		zone = "UTC"
	}
	template := batchapply.JobTemplateSpec().WithSpec(spec).WithLabels(placement.labels(name, string(manifest.Kind)))
	cron := batchapply.CronJob(name, placement.Namespace).WithSpec(batchapply.CronJobSpec().
		WithSchedule(schedule.Cron).WithTimeZone(zone).WithConcurrencyPolicy(batchv1.ForbidConcurrent).
		WithStartingDeadlineSeconds(seconds(lateStart)).
		WithSuccessfulJobsHistoryLimit(finishedSlots).WithFailedJobsHistoryLimit(finishedSlots).WithJobTemplate(template))
	cron.ObjectMetaApplyConfiguration = placement.objectMeta(name, string(manifest.Kind), declared)
	primary, err := newObject(CronJobs, name, cron)
	return Rendered{Primary: primary}, err
}
