package kube

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

func TestNamesAreValidAndUnique(t *testing.T) {
	label := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	name := rapid.StringMatching(`[a-z]([a-z0-9-]{0,60}[a-z0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		placement := Placement{Project: name.Draw(t, "project")}
		one, other := name.Draw(t, "one"), name.Draw(t, "other")
		kind := rapid.SampledFrom(workload.Kinds).Draw(t, "kind")
		longest := longestName
		if kind == workload.KindSchedule {
			longest = longestScheduleName
		}
		got := placement.objectName(kind, one)
		if len(got) > longest || !label.MatchString(got) {
			t.Fatalf("%q is no name of at most %d", got, longest)
		}
		if one != other && got == placement.objectName(kind, other) {
			t.Fatalf("%q and %q are both %q", one, other, got)
		}
	})
}

func TestLongNamesThatBeginAlikeDiffer(t *testing.T) {
	long := "a-name-that-goes-on-for-as-long-as-it-may-and-then-"
	placement := Placement{Project: "a-project-whose-name-is-long-too-so-that-it-is-cut"}
	if one, other := placement.objectName(workload.KindService, long+"1"), placement.objectName(workload.KindService, long+"2"); one == other {
		t.Errorf("both are %q", one)
	}
}

func TestEndpointIsKnownBeforeAnythingRuns(t *testing.T) {
	placement := Placement{Project: "flights", Namespace: "ml"}
	if got, want := placement.Endpoint("delay"), "http://flights-delay.ml.svc.cluster.local"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
