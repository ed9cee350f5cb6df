package project

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

type azureModel struct {
	Store                 *azureStoreModel             `tfsdk:"store"`
	Clusters              map[string]azureClusterModel `tfsdk:"clusters"`
	DefaultCluster        types.String                 `tfsdk:"default_cluster"`
	Telemetry             *azureTelemetryModel         `tfsdk:"telemetry"`
	Identities            *azureIdentitiesModel        `tfsdk:"identities"`
	Alerts                *azureAlertsModel            `tfsdk:"alerts"`
	Requesters            map[string]requesterModel    `tfsdk:"requesters"`
	IncomingAlerts        *azureIncomingAlertsModel    `tfsdk:"incoming_alerts"`
	ManageRoleAssignments types.Bool                   `tfsdk:"manage_role_assignments"`
	ApplyFrom             types.String                 `tfsdk:"apply_from"`
	AbandonWorkloads      types.Bool                   `tfsdk:"abandon_workloads_on_destroy"`
	NamePrefix            types.String                 `tfsdk:"name_prefix"`
	AgentImage            types.String                 `tfsdk:"agent_image"`
	ImagePullSecrets      []types.String               `tfsdk:"image_pull_secrets"`
	Tags                  map[string]types.String      `tfsdk:"tags"`
	Labels                map[string]types.String      `tfsdk:"labels"`
	Annotations           map[string]types.String      `tfsdk:"annotations"`
}

type azureStoreModel struct {
	StorageAccountID types.String     `tfsdk:"storage_account_id"`
	Container        types.String     `tfsdk:"container"`
	CreateContainer  types.Bool       `tfsdk:"create_container"`
	InboxContainer   types.String     `tfsdk:"inbox_container"`
	LifecycleRule    types.String     `tfsdk:"lifecycle_rule"`
	Audit            *azureAuditModel `tfsdk:"audit"`
}

type azureAuditModel struct {
	Container     types.String `tfsdk:"container"`
	RetentionDays types.Int64  `tfsdk:"retention_days"`
	Locked        types.Bool   `tfsdk:"locked"`
}

type requesterModel struct {
	PrincipalID   types.String `tfsdk:"principal_id"`
	PrincipalType types.String `tfsdk:"principal_type"`
	Email         types.String `tfsdk:"email"`
}

type azureClusterModel struct {
	ID                   types.String `tfsdk:"id"`
	Host                 types.String `tfsdk:"host"`
	ClusterCACertificate types.String `tfsdk:"cluster_ca_certificate"`
	Namespace            types.String `tfsdk:"namespace"`
	CreateNamespace      types.Bool   `tfsdk:"create_namespace"`
}

type azureTelemetryModel struct {
	ApplicationInsightsID types.String `tfsdk:"application_insights_id"`
	ConnectionString      types.String `tfsdk:"connection_string"`
}

type azureIdentitiesModel struct {
	Control                    types.String `tfsdk:"control"`
	Jobs                       types.String `tfsdk:"jobs"`
	Serving                    types.String `tfsdk:"serving"`
	ManageFederatedCredentials types.Bool   `tfsdk:"manage_federated_credentials"`
}

func expandAzure(m *azureModel) *mlops.Azure {
	if m == nil {
		return nil
	}
	a := &mlops.Azure{
		DefaultCluster: m.DefaultCluster.ValueString(), ManageRoleAssignments: m.ManageRoleAssignments.ValueBool(),
		ApplyFrom: m.ApplyFrom.ValueString(), AbandonWorkloadsOnDestroy: m.AbandonWorkloads.ValueBool(), NamePrefix: m.NamePrefix.ValueString(), AgentImage: m.AgentImage.ValueString(),
		ImagePullSecrets: envelope.Strings(m.ImagePullSecrets), Tags: byKey(m.Tags), Labels: byKey(m.Labels), Annotations: byKey(m.Annotations),
	}
	if s := m.Store; s != nil {
		a.Store = mlops.AzureStore{StorageAccountID: s.StorageAccountID.ValueString(), Container: s.Container.ValueString(), CreateContainer: s.CreateContainer.ValueBool(), InboxContainer: s.InboxContainer.ValueString()}
		if s.Audit != nil {
			a.Store.Audit = &mlops.AzureAudit{Container: s.Audit.Container.ValueString(), RetentionDays: s.Audit.RetentionDays.ValueInt64(), Locked: s.Audit.Locked.ValueBool()}
		}
	}
	for name, r := range m.Requesters {
		if a.Requesters == nil {
			a.Requesters = map[string]mlops.Requester{}
		}
		a.Requesters[name] = mlops.Requester{Email: r.Email.ValueString(), PrincipalID: r.PrincipalID.ValueString(), PrincipalType: r.PrincipalType.ValueString()}
	}
	for name, c := range m.Clusters {
		if a.Clusters == nil {
			a.Clusters = map[string]mlops.AzureCluster{}
		}
		a.Clusters[name] = mlops.AzureCluster{
			ID: c.ID.ValueString(), Host: c.Host.ValueString(), ClusterCACertificate: c.ClusterCACertificate.ValueString(),
			Namespace: c.Namespace.ValueString(), CreateNamespace: c.CreateNamespace.ValueBool(),
		}
	}
	if t := m.Telemetry; t != nil {
		a.Telemetry = &mlops.AzureTelemetry{ApplicationInsightsID: t.ApplicationInsightsID.ValueString(), ConnectionString: t.ConnectionString.ValueString()}
	}
	if i := m.Identities; i != nil {
		a.Identities = &mlops.AzureIdentities{
			Control: i.Control.ValueString(), Jobs: i.Jobs.ValueString(), Serving: i.Serving.ValueString(),
			ManageFederatedCredentials: i.ManageFederatedCredentials.ValueBool(),
		}
	}
	a.Alerts = expandAlerts(m.Alerts)
	if in := m.IncomingAlerts; in != nil {
		a.IncomingAlerts = &mlops.AzureIncomingAlerts{TenantID: in.TenantID.ValueString(), Audiences: envelope.Strings(in.Audiences), Authority: in.Authority.ValueString()}
	}
	return a
}

func flattenAzure(a *mlops.Azure) *azureModel {
	if a == nil {
		return nil
	}
	m := &azureModel{
		Store: &azureStoreModel{
			StorageAccountID: types.StringValue(a.Store.StorageAccountID), Container: types.StringValue(a.Store.Container),
			CreateContainer: types.BoolValue(a.Store.CreateContainer), InboxContainer: envelope.StringOrNull(a.Store.InboxContainer),
		},
		DefaultCluster: envelope.StringOrNull(a.DefaultCluster), ManageRoleAssignments: types.BoolValue(a.ManageRoleAssignments),
		ApplyFrom: types.StringValue(a.ApplyFrom), AbandonWorkloads: trueOrNull(a.AbandonWorkloadsOnDestroy), NamePrefix: envelope.StringOrNull(a.NamePrefix), AgentImage: envelope.StringOrNull(a.AgentImage),
		ImagePullSecrets: envelope.StringValues(a.ImagePullSecrets), Tags: valuesByKey(a.Tags), Labels: valuesByKey(a.Labels), Annotations: valuesByKey(a.Annotations),
	}
	if audit := a.Store.Audit; audit != nil {
		m.Store.Audit = &azureAuditModel{Container: types.StringValue(audit.Container), RetentionDays: types.Int64Value(audit.RetentionDays), Locked: types.BoolValue(audit.Locked)}
	}
	for name, r := range a.Requesters {
		if m.Requesters == nil {
			m.Requesters = map[string]requesterModel{}
		}
		m.Requesters[name] = requesterModel{
			PrincipalID: types.StringValue(r.PrincipalID), PrincipalType: envelope.StringOrNull(r.PrincipalType), Email: envelope.StringOrNull(r.Email),
		}
	}
	for name, c := range a.Clusters {
		if m.Clusters == nil {
			m.Clusters = map[string]azureClusterModel{}
		}
		m.Clusters[name] = azureClusterModel{
			ID: envelope.StringOrNull(c.ID), Host: envelope.StringOrNull(c.Host), ClusterCACertificate: envelope.StringOrNull(c.ClusterCACertificate),
			Namespace: types.StringValue(c.Namespace), CreateNamespace: types.BoolValue(c.CreateNamespace),
		}
	}
	if t := a.Telemetry; t != nil {
		m.Telemetry = &azureTelemetryModel{ApplicationInsightsID: envelope.StringOrNull(t.ApplicationInsightsID), ConnectionString: envelope.StringOrNull(t.ConnectionString)}
	}
	if i := a.Identities; i != nil {
		m.Identities = &azureIdentitiesModel{
			Control: envelope.StringOrNull(i.Control), Jobs: envelope.StringOrNull(i.Jobs), Serving: envelope.StringOrNull(i.Serving),
			ManageFederatedCredentials: types.BoolValue(i.ManageFederatedCredentials),
		}
	}
	m.Alerts = flattenAlerts(a.Alerts)
	if in := a.IncomingAlerts; in != nil {
		m.IncomingAlerts = &azureIncomingAlertsModel{
			TenantID: types.StringValue(in.TenantID), Audiences: envelope.StringValues(in.Audiences), Authority: envelope.StringOrNull(in.Authority),
		}
	}
	return m
}

// trueOrNull is null for false.
func trueOrNull(on bool) types.Bool {
	if !on {
		return types.BoolNull()
	}
	return types.BoolValue(true)
}

func byKey(values map[string]types.String) map[string]string {
	if values == nil {
		return nil
	}
	texts := make(map[string]string, len(values))
	for key, value := range values {
		texts[key] = value.ValueString()
	}
	return texts
}

func valuesByKey(texts map[string]string) map[string]types.String {
	if texts == nil {
		return nil
	}
	values := make(map[string]types.String, len(texts))
	for key, text := range texts {
		values[key] = types.StringValue(text)
	}
	return values
}
