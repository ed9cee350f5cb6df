package project

import (
	"sort"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

type model struct {
	envelope.Base
	Name          types.String              `tfsdk:"name"`
	Local         *localModel               `tfsdk:"local"`
	Azure         *azureModel               `tfsdk:"azure"`
	Owners        *ownersModel              `tfsdk:"owners"`
	Retention     *retentionModel           `tfsdk:"retention"`
	OnDestroy     types.String              `tfsdk:"on_destroy"`
	ForceDestroy  types.Bool                `tfsdk:"force_destroy"`
	AgentVersion  types.String              `tfsdk:"agent_version"`
	Notifications map[string][]types.String `tfsdk:"notifications"`
}

type localModel struct {
	Path types.String `tfsdk:"path"`
	Port types.Int64  `tfsdk:"port"`
}

type ownersModel struct {
	DataEngineer  *ownerModel `tfsdk:"data_engineer"`
	DataScientist *ownerModel `tfsdk:"data_scientist"`
	MLOpsEngineer *ownerModel `tfsdk:"mlops_engineer"`
}

type ownerModel struct {
	Email         types.String `tfsdk:"email"`
	Webhook       types.String `tfsdk:"webhook"`
	PrincipalID   types.String `tfsdk:"principal_id"`
	PrincipalType types.String `tfsdk:"principal_type"`
}

type retentionModel struct {
	RecordDays types.Int64 `tfsdk:"record_days"`
	ReportDays types.Int64 `tfsdk:"report_days"`
}

// byRole pairs each role with its attribute.
func (o *ownersModel) byRole() map[mlops.Role]**ownerModel {
	return map[mlops.Role]**ownerModel{
		mlops.RoleDataEngineer: &o.DataEngineer, mlops.RoleDataScientist: &o.DataScientist, mlops.RoleMLOpsEngineer: &o.MLOpsEngineer,
	}
}

func expand(m model) mlops.Project {
	spec := mlops.Project{Name: m.Name.ValueString(), Azure: expandAzure(m.Azure), OnDestroy: mlops.OnDestroy(m.OnDestroy.ValueString())}
	// Not known at plan yet means this one.
	if spec.AgentVersion = m.AgentVersion.ValueString(); spec.AgentVersion == "" {
		spec.AgentVersion = version.Version
	}
	if m.Local != nil {
		spec.Local = &mlops.Local{Path: m.Local.Path.ValueString(), Port: m.Local.Port.ValueInt64()}
	}
	if m.Owners != nil {
		for role, owner := range m.Owners.byRole() {
			if *owner == nil {
				continue
			}
			if spec.Owners == nil {
				spec.Owners = map[mlops.Role]mlops.Owner{}
			}
			spec.Owners[role] = mlops.Owner{
				Email: (*owner).Email.ValueString(), Webhook: (*owner).Webhook.ValueString(),
				PrincipalID: (*owner).PrincipalID.ValueString(), PrincipalType: (*owner).PrincipalType.ValueString(),
			}
		}
	}
	if m.Retention != nil {
		spec.Retention = mlops.Retention{RecordDays: m.Retention.RecordDays.ValueInt64(), ReportDays: m.Retention.ReportDays.ValueInt64()}
	}
	for topic, roles := range m.Notifications {
		if spec.Notifications == nil {
			spec.Notifications = map[mlops.Topic][]mlops.Role{}
		}
		names := envelope.Strings(roles)
		sort.Strings(names) // a set has no order; the document has one
		for _, name := range names {
			spec.Notifications[mlops.Topic(topic)] = append(spec.Notifications[mlops.Topic(topic)], mlops.Role(name))
		}
	}
	return spec
}

func flatten(spec mlops.Project, _ envelope.Site) model {
	m := model{
		Name: types.StringValue(spec.Name), Azure: flattenAzure(spec.Azure), OnDestroy: types.StringValue(string(spec.OnDestroy)),
		AgentVersion: envelope.StringOrNull(spec.AgentVersion),
	}
	if m.Azure != nil {
		m.Azure.Store.LifecycleRule = envelope.StringOrNull(mlops.LifecycleRule(spec.Name, spec.Azure.Store.Container, spec.Retention.RecordDays))
	}
	if spec.Local != nil {
		m.Local = &localModel{Path: types.StringValue(spec.Local.Path), Port: types.Int64Value(spec.Local.Port)}
	}
	if len(spec.Owners) > 0 {
		m.Owners = &ownersModel{}
		for role, attribute := range m.Owners.byRole() {
			if owner, ok := spec.Owners[role]; ok {
				*attribute = &ownerModel{
					Email: types.StringValue(owner.Email), Webhook: envelope.StringOrNull(owner.Webhook),
					PrincipalID: envelope.StringOrNull(owner.PrincipalID), PrincipalType: envelope.StringOrNull(owner.PrincipalType),
				}
			}
		}
	}
	if spec.Retention != (mlops.Retention{}) {
		m.Retention = &retentionModel{
			RecordDays: types.Int64Value(spec.Retention.RecordDays), ReportDays: types.Int64Value(spec.Retention.ReportDays),
		}
	}
	for topic, roles := range spec.Notifications {
		if m.Notifications == nil {
			m.Notifications = map[string][]types.String{}
		}
		for _, role := range roles {
			m.Notifications[string(topic)] = append(m.Notifications[string(topic)], types.StringValue(string(role)))
		}
	}
	return m
}
