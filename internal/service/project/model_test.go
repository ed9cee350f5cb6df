package project

import (
	"reflect"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What is imported says the same as what was declared, with everything set and with the least.
func TestFlattenUndoesExpand(t *testing.T) {
	at := envelope.Site{ID: mlops.ID{Place: "file:p", Kind: mlops.KindProject, Name: "x"}, Project: "p"}
	for name, spec := range map[string]mlops.Project{
		"everything": {
			Name: "x", Local: &mlops.Local{Path: "p", Port: 1}, OnDestroy: mlops.OnDestroyRetain, Retention: mlops.Retention{RecordDays: 1, ReportDays: 2},
			Owners: map[mlops.Role]mlops.Owner{
				mlops.RoleDataEngineer: {Email: "a@b", Webhook: "http://c"}, mlops.RoleDataScientist: {Email: "d@e"}, mlops.RoleMLOpsEngineer: {Email: "f@g"},
			},
			Notifications: map[mlops.Topic][]mlops.Role{mlops.TopicDrift: {mlops.RoleDataEngineer, mlops.RoleMLOpsEngineer}},
		},
		"on Azure": {
			Name: "x", Owners: map[mlops.Role]mlops.Owner{mlops.RoleDataEngineer: {Email: "a@b", PrincipalID: "c", PrincipalType: "Group"}},
			Azure: &mlops.Azure{
				Store:          mlops.AzureStore{StorageAccountID: "a", Container: "c", CreateContainer: true, InboxContainer: "i", Audit: &mlops.AzureAudit{Container: "d", RetentionDays: 9, Locked: true}},
				Clusters:       map[string]mlops.AzureCluster{"weu": {ID: "e", Namespace: "f", CreateNamespace: true}, "own": {Host: "g", ClusterCACertificate: "h", Namespace: "i"}},
				Requesters:     map[string]mlops.Requester{"ci": {PrincipalID: "a", PrincipalType: "b", Email: "c"}},
				DefaultCluster: "weu", Telemetry: &mlops.AzureTelemetry{ApplicationInsightsID: "j", ConnectionString: "k"},
				Identities: &mlops.AzureIdentities{Control: "l", Jobs: "m", Serving: "n", ManageFederatedCredentials: true},
				Alerts: &mlops.AzureAlerts{ResourceGroupID: "o", ActionGroupIDs: []string{"p"}, Receivers: map[mlops.Role]mlops.AzureReceivers{
					mlops.RoleDataEngineer: {
						Emails: map[string]string{"a": "b"}, SMS: map[string]mlops.AzurePhone{"c": {CountryCode: "1", Number: "2"}}, Push: map[string]string{"d": "e"},
						Functions: map[string]mlops.AzureFunction{"f": {ID: "g", Function: "h"}}, LogicApps: map[string]mlops.AzureLogicApp{"i": {ID: "j"}},
						EventHubs: map[string]mlops.AzureEventHub{"k": {SubscriptionID: "l", Namespace: "m", Name: "n", TenantID: "o"}, "p": {SubscriptionID: "q", Namespace: "r", Name: "s"}},
						Webhooks:  map[string]mlops.AzureWebhook{"t": {Version: 3}},
						Secure:    map[string]mlops.AzureSecureWebhook{"u": {URL: "v", ObjectID: "w", IdentifierURI: "x", TenantID: "y"}},
					},
					mlops.RoleDataScientist: {},
				}}, ManageRoleAssignments: true,
				IncomingAlerts: &mlops.AzureIncomingAlerts{TenantID: "a", Audiences: []string{"b", "c"}, Authority: "d"},
				ApplyFrom:      mlops.ApplyFromController, NamePrefix: "q", AgentImage: "r", ImagePullSecrets: []string{"s"},
				Tags: map[string]string{"t": "u"}, Labels: map[string]string{"v": "w"}, Annotations: map[string]string{"x": "y"},
			},
		},
		"least on Azure": {Name: "x", Azure: &mlops.Azure{Store: mlops.AzureStore{StorageAccountID: "a", Container: "c"}}},
		"least":          {Name: "x", Local: &mlops.Local{Path: "p"}},
	} {
		spec.AgentVersion = "1.0.0"
		if again := expand(flatten(spec, at)); !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %+v came back as %+v", name, spec, again)
		}
	}
}
