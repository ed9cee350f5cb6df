package mlops_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const (
	group   = "/subscriptions/0/resourceGroups/ml"
	account = group + "/providers/Microsoft.Storage/storageAccounts/flights"
	cluster = group + "/providers/Microsoft.ContainerService/managedClusters/weu"
	theirs  = group + "/providers/Microsoft.Insights/actionGroups/theirs"
)

var watched = &mlops.AzureTelemetry{ApplicationInsightsID: group + "/providers/Microsoft.Insights/components/ml"}

func onAzure(change func(*mlops.Azure)) mlops.Project {
	a := mlops.Azure{
		Store:     mlops.AzureStore{StorageAccountID: account, Container: "flights"},
		Clusters:  map[string]mlops.AzureCluster{"weu": {ID: cluster, Namespace: "flights"}},
		ApplyFrom: mlops.ApplyFromTerraform,
	}
	if change != nil {
		change(&a)
	}
	return mlops.Project{Name: "flights", Azure: &a, OnDestroy: mlops.OnDestroyRefuse}
}

func TestSlipsOfAzureAreProblems(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*mlops.Azure)
		path   string // "" where nothing is wrong
		says   string
	}{
		"good": {nil, "", ""},
		"not known yet": {func(a *mlops.Azure) {
			a.Store.StorageAccountID, a.Clusters["weu"] = "", mlops.AzureCluster{ID: cluster}
		}, "", ""},
		"another case":    {func(a *mlops.Azure) { a.Store.StorageAccountID = strings.ToUpper(account) }, "", ""},
		"account":         {func(a *mlops.Azure) { a.Store.StorageAccountID = "flights" }, "azure.store.storage_account_id", "not the ARM ID"},
		"another type":    {func(a *mlops.Azure) { a.Store.StorageAccountID = cluster }, "azure.store.storage_account_id", "names a Microsoft.ContainerService/managedClusters: a Microsoft.Storage"},
		"container":       {func(a *mlops.Azure) { a.Store.Container = "Flights" }, "azure.store.container", "3 to 63"},
		"two hyphens":     {func(a *mlops.Azure) { a.Store.Container = "a--b" }, "azure.store.container", "single hyphens"},
		"one container":   {func(a *mlops.Azure) { a.Store.Audit = &mlops.AzureAudit{Container: "flights", RetentionDays: 1} }, "azure.store.audit.container", "of their own"},
		"no days":         {func(a *mlops.Azure) { a.Store.Audit = &mlops.AzureAudit{Container: "heads"} }, "azure.store.audit.retention_days", "between 1 and 146000"},
		"nameless":        {func(a *mlops.Azure) { a.Clusters["weu"] = mlops.AzureCluster{} }, "azure.clusters.weu.id", "ARM ID of an AKS cluster"},
		"by both":         {func(a *mlops.Azure) { a.Clusters["weu"] = mlops.AzureCluster{ID: cluster, Host: "https://x"} }, "azure.clusters.weu.host", "give one of them"},
		"plain http":      {func(a *mlops.Azure) { a.Clusters["weu"] = mlops.AzureCluster{Host: "http://x"} }, "azure.clusters.weu.host", "https://host:port"},
		"another cluster": {func(a *mlops.Azure) { a.Clusters["weu"] = mlops.AzureCluster{Host: "https://x:6443"} }, "", ""},
		"namespace":       {func(a *mlops.Azure) { a.Clusters["weu"] = mlops.AzureCluster{ID: cluster, Namespace: "A"} }, "azure.clusters.weu.namespace", "lower-case"},
		"two clusters":    {func(a *mlops.Azure) { a.Clusters["neu"] = a.Clusters["weu"] }, "azure.default_cluster", "several clusters"},
		"a default":       {func(a *mlops.Azure) { a.Clusters["neu"], a.DefaultCluster = a.Clusters["weu"], "neu" }, "", ""},
		"no such default": {func(a *mlops.Azure) { a.DefaultCluster = "neu" }, "azure.default_cluster", `no cluster "neu"`},
		"telemetry":       {func(a *mlops.Azure) { a.Telemetry = &mlops.AzureTelemetry{ApplicationInsightsID: group} }, "azure.telemetry.application_insights_id", "components is wanted"},
		"identity":        {func(a *mlops.Azure) { a.Identities = &mlops.AzureIdentities{Jobs: "me"} }, "azure.identities.jobs", "not the ARM ID"},
		"group":           {func(a *mlops.Azure) { a.Telemetry, a.Alerts = watched, &mlops.AzureAlerts{ResourceGroupID: account} }, "azure.alerts.resource_group_id", "resource group"},
		"action group": {func(a *mlops.Azure) {
			a.Telemetry, a.Alerts = watched, &mlops.AzureAlerts{ActionGroupIDs: []string{account}}
		}, "azure.alerts.action_group_ids", "actionGroups is wanted"},
		"blind": {func(a *mlops.Azure) { a.Alerts = &mlops.AzureAlerts{} }, "azure.telemetry.application_insights_id", "look into Application Insights"},
		"many groups": {func(a *mlops.Azure) {
			a.Telemetry, a.Alerts = watched, &mlops.AzureAlerts{ActionGroupIDs: []string{theirs, theirs, theirs}, Receivers: map[mlops.Role]mlops.AzureReceivers{mlops.RoleDataEngineer: {}}}
		}, "azure.alerts.action_group_ids", "at most 5"},
		"nobody's":   {func(a *mlops.Azure) { a.IncomingAlerts = &mlops.AzureIncomingAlerts{Audiences: []string{"a"}} }, "azure.incoming_alerts.tenant_id", "tenant"},
		"for nobody": {func(a *mlops.Azure) { a.IncomingAlerts = &mlops.AzureIncomingAlerts{TenantID: "t"} }, "azure.incoming_alerts.audiences", "application"},
		"apply from": {func(a *mlops.Azure) { a.ApplyFrom = "me" }, "azure.apply_from", "controller"},
		"prefix":     {func(a *mlops.Azure) { a.NamePrefix = "Too long a prefix" }, "azure.name_prefix", "1 to 12"},
	} {
		t.Run(name, func(t *testing.T) {
			problems := onAzure(test.change).Validate()
			if test.path == "" {
				if len(problems) > 0 {
					t.Errorf("%v, want none", problems)
				}
				return
			}
			if len(problems) != 1 || strings.Join(problems[0].Path, ".") != test.path || !strings.Contains(problems[0].Message, test.says) {
				t.Errorf("%v, want one about %s that says %q", problems, test.path, test.says)
			}
		})
	}
}

func TestPlacesOnAzure(t *testing.T) {
	place := onAzure(nil).Place()
	if want := account + "/blobServices/default/containers/flights"; place != want {
		t.Errorf("place %s, want %s", place, want)
	}
	parts, err := mlops.ParseAzurePlace(strings.ToUpper(place))
	if err != nil || !mlops.SameARMID(parts.StorageAccountID, account) || parts.Account != "flights" || parts.Container != "flights" {
		t.Errorf("%+v, %v", parts, err)
	}
	if !mlops.OnAzure(strings.ToLower(place)) || mlops.OnAzure("file:/subscriptions/") {
		t.Error("a place on Azure begins with /subscriptions/, whatever its case")
	}
	id := mlops.ID{Place: place, Kind: mlops.KindModel, Name: "delay"}
	if shouted := (mlops.ID{Place: strings.ToUpper(place), Kind: mlops.KindModel, Name: "delay"}); shouted.Key() != id.Key() || !id.Equal(shouted) {
		t.Errorf("%s and %s are one", id.Key(), shouted.Key())
	}
	for _, bad := range []string{"", "file:x", account, place + "/more", "/subscriptions/0/resourceGroups//providers/a/b/c"} {
		if parts, err := mlops.ParseAzurePlace(bad); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%q: %+v, %v; want invalid", bad, parts, err)
		}
	}
}

func TestARMIDsComeBackAsTheyWere(t *testing.T) {
	for _, text := range []string{"/subscriptions/0", group, account, cluster, onAzure(nil).Place()} {
		if id, err := mlops.ParseARMID(text); err != nil || id.String() != text {
			t.Errorf("%s came back as %s, %v", text, id, err)
		}
	}
	if !mlops.SameARMID(account+"/", strings.ToUpper(account)) || mlops.SameARMID(account, cluster) {
		t.Error("ids compare without case and without a slash at the end")
	}
	only := onAzure(nil).Azure
	if only.ClusterOf("") != "weu" || only.ClusterOf("neu") != "neu" {
		t.Errorf("the only cluster is the default one, not %q", only.ClusterOf(""))
	}
}

func FuzzParseARMID(f *testing.F) {
	for _, seed := range []string{"", "/", "/subscriptions/", account, cluster + "/x", "/subscriptions/a/resourceGroups/b/providers/c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := mlops.ParseARMID(text)
		if err != nil {
			return
		}
		if again, err := mlops.ParseARMID(id.String()); err != nil || again.String() != id.String() {
			t.Errorf("%q: %s came back as %s, %v", text, id, again, err)
		}
	})
}
