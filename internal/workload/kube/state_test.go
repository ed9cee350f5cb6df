package kube

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// claimed is a service whose collectors keep their logs on a claim.
func claimed() workload.Manifest {
	deployment := testDeployment()
	deployment.DataCollection.LogClaim = "collector-logs"
	return workload.Deployment(deployment, testVersion(3), "", workload.Seen{})
}

func statePod(t *testing.T, manifest workload.Manifest) (corev1.PodSpec, corev1.VolumeSource) {
	t.Helper()
	spec := decode[appsv1.Deployment](t, rendered(t, manifest, testPlacement()).Primary).Spec.Template.Spec
	for _, volume := range spec.Volumes {
		if volume.Name == stateVolume {
			return spec, volume.VolumeSource
		}
	}
	t.Fatal("no volume of the state")
	return spec, corev1.VolumeSource{}
}

// A pod that takes more than the limit is evicted: it must not lie below what the log may take.
func TestLogOfAPodHasASizeThatFollowsFromItsBound(t *testing.T) {
	_, volume := statePod(t, testService())
	if volume.EmptyDir == nil || volume.EmptyDir.SizeLimit == nil {
		t.Fatalf("%+v: a log may fill the node", volume)
	}
	if limit := volume.EmptyDir.SizeLimit.Value(); limit <= mlops.CollectorLogBytes || limit > 2*mlops.CollectorLogBytes {
		t.Errorf("a log of %d bytes has a folder of %d", mlops.CollectorLogBytes, limit)
	}
}

// Every pod of a deployment looks for what others have left in the same folder, and no other deployment does.
func TestLogsOnAClaimStandInOneFolderOfTheDeployment(t *testing.T) {
	spec, volume := statePod(t, claimed())
	if volume.EmptyDir != nil || volume.PersistentVolumeClaim == nil || volume.PersistentVolumeClaim.ClaimName != "collector-logs" {
		t.Fatalf("%+v: the log goes with its pod", volume)
	}
	collect := containerNamed(t, spec, "collect")
	if want := "/mlops/state/flights-delay/wal"; !slices.Contains(collect.Args, want) {
		t.Errorf("%v: want the log below %s", collect.Args, want)
	}
	mount := collect.VolumeMounts[len(collect.VolumeMounts)-1]
	if mount.Name != stateVolume || mount.SubPath != "" || mount.SubPathExpr != "" {
		t.Errorf("%+v: a sub-path would be root's, and hide what other pods have left", mount)
	}
	for _, mount := range containerNamed(t, spec, "serve").VolumeMounts {
		if mount.Name == stateVolume {
			t.Error("the model's container sees the records of every pod")
		}
	}
}

// The collector is told to stop after the model has stopped, and has its whole time then.
func TestCollectorHasItsGracePeriodAfterTheModel(t *testing.T) {
	manifest := testService()
	spec, _ := statePod(t, manifest)
	each := seconds(manifest.Service.Pod.GracePeriod)
	if have := *spec.TerminationGracePeriodSeconds; have < drainSeconds+2*each {
		t.Errorf("%d s for the drain (%d s), the model and the collector (%d s each)", have, drainSeconds, each)
	}
}
