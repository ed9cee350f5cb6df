package mlops

import "testing"

func TestSameStand(t *testing.T) {
	cluster := func(name, namespace string) AzureCluster {
		return AzureCluster{ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/" + name, Namespace: namespace}
	}
	before := Azure{DefaultCluster: "weu", Clusters: map[string]AzureCluster{"weu": cluster("one", "flights"), "neu": cluster("two", "flights")}}
	for name, one := range map[string]struct {
		now         Azure
		asked, asks string
		same        bool
	}{
		"unchanged":         {before, "", "", true},
		"the default named": {before, "", "weu", true},
		"another cluster":   {before, "", "neu", false},
		"another default":   {Azure{DefaultCluster: "neu", Clusters: before.Clusters}, "", "", false},
		"an id in another case": {Azure{Clusters: map[string]AzureCluster{
			"weu": {ID: "/subscriptions/S/resourcegroups/g/providers/microsoft.containerservice/managedclusters/ONE", Namespace: "flights"},
		}}, "weu", "weu", true},
		"another namespace": {Azure{Clusters: map[string]AzureCluster{"weu": cluster("one", "other")}}, "weu", "weu", false},
		"another name":      {Azure{Clusters: map[string]AzureCluster{"west": cluster("one", "flights")}}, "weu", "west", true},
		"no such cluster":   {Azure{Clusters: map[string]AzureCluster{"west": cluster("one", "flights")}}, "weu", "weu", false},
		"another prefix":    {Azure{DefaultCluster: "weu", Clusters: before.Clusters, NamePrefix: "a"}, "", "", false},
	} {
		if got := before.SameStand(one.asked, one.now, one.asks); got != one.same {
			t.Errorf("%s: the same stand is %v, want %v", name, got, one.same)
		}
	}
}

func TestNobodyIsAbandonedWhoIsNotWaitedFor(t *testing.T) {
	azure := Azure{ApplyFrom: ApplyFromTerraform, AbandonWorkloadsOnDestroy: true}
	found := false
	for _, problem := range azure.Validate() {
		found = found || problem.Path[0] == "abandon_workloads_on_destroy"
	}
	if !found {
		t.Error("abandon_workloads_on_destroy is taken where Terraform removes workloads itself")
	}
	azure.ApplyFrom = ApplyFromController
	for _, problem := range azure.Validate() {
		if problem.Path[0] == "abandon_workloads_on_destroy" {
			t.Error(problem.Message)
		}
	}
}
