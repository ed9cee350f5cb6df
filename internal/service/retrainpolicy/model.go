package retrainpolicy

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

type model struct {
	envelope.Base
	ModelID  types.String   `tfsdk:"model_id"`
	Triggers *triggersModel `tfsdk:"triggers"`
	Guards   *guardsModel   `tfsdk:"guards"`
	Approval *approvalModel `tfsdk:"approval"`
}

type triggersModel struct {
	Drift          *driftModel    `tfsdk:"drift"`
	DatasetVersion *struct{}      `tfsdk:"dataset_version"`
	Code           *struct{}      `tfsdk:"code"`
	Schedule       *scheduleModel `tfsdk:"schedule"`
}

type driftModel struct {
	MonitorIDs []types.String `tfsdk:"monitor_ids"`
}

type scheduleModel struct {
	Cron     types.String `tfsdk:"cron"`
	TimeZone types.String `tfsdk:"time_zone"`
}

type guardsModel struct {
	Cooldown       envelope.Duration `tfsdk:"cooldown"`
	MaximumRuns    types.Int64       `tfsdk:"maximum_runs"`
	BudgetPeriod   envelope.Duration `tfsdk:"budget_period"`
	MinimumNewRows types.Int64       `tfsdk:"minimum_new_rows"`
	WaitForData    envelope.Duration `tfsdk:"wait_for_data"`
}

type approvalModel struct {
	Mode      types.String      `tfsdk:"mode"`
	First     types.String      `tfsdk:"first"`
	Expiry    envelope.Duration `tfsdk:"expiry"`
	FourEyes  types.Bool        `tfsdk:"four_eyes"`
	Approvers []types.String    `tfsdk:"approvers"`
}

func expand(m model) mlops.RetrainPolicy {
	spec := mlops.RetrainPolicy{Model: envelope.NameIn(m.ModelID)}
	if t := m.Triggers; t != nil {
		spec.Triggers = mlops.Triggers{DatasetVersion: t.DatasetVersion, Code: t.Code}
		if t.Drift != nil {
			spec.Triggers.Drift = &mlops.DriftTrigger{}
			for _, id := range t.Drift.MonitorIDs {
				spec.Triggers.Drift.Monitors = append(spec.Triggers.Drift.Monitors, envelope.NameIn(id))
			}
		}
		if t.Schedule != nil {
			spec.Triggers.Schedule = &mlops.ScheduleTrigger{Cron: t.Schedule.Cron.ValueString(), TimeZone: t.Schedule.TimeZone.ValueString()}
		}
	}
	if g := m.Guards; g != nil {
		spec.Guards = mlops.Guards{
			Cooldown: g.Cooldown.Domain(), MaximumRuns: g.MaximumRuns.ValueInt64(), BudgetPeriod: g.BudgetPeriod.Domain(),
			MinimumNewRows: g.MinimumNewRows.ValueInt64(), WaitForData: g.WaitForData.Domain(),
		}
	}
	if a := m.Approval; a != nil {
		spec.Approval = mlops.Approval{
			Mode: mlops.ApprovalMode(a.Mode.ValueString()), First: mlops.ApprovalMode(a.First.ValueString()), Expiry: a.Expiry.Domain(),
			FourEyes: a.FourEyes.ValueBool(), Approvers: envelope.Strings(a.Approvers),
		}
	}
	return spec
}

func flatten(spec mlops.RetrainPolicy, at envelope.Site) model {
	m := model{
		ModelID: at.Sibling(mlops.KindModel, spec.Model),
		Guards: &guardsModel{
			Cooldown: envelope.NewDuration(spec.Guards.Cooldown), MaximumRuns: types.Int64Value(spec.Guards.MaximumRuns),
			BudgetPeriod: envelope.NewDuration(spec.Guards.BudgetPeriod), MinimumNewRows: types.Int64Value(spec.Guards.MinimumNewRows),
			WaitForData: envelope.NewDuration(spec.Guards.WaitForData),
		},
		Approval: &approvalModel{
			Mode: types.StringValue(string(spec.Approval.Mode)), First: types.StringValue(string(spec.Approval.First)),
			Expiry: envelope.NewDuration(spec.Approval.Expiry), FourEyes: types.BoolValue(spec.Approval.FourEyes),
			Approvers: envelope.StringValues(spec.Approval.Approvers),
		},
	}
	if spec.Triggers == (mlops.Triggers{}) {
		return m
	}
	m.Triggers = &triggersModel{DatasetVersion: spec.Triggers.DatasetVersion, Code: spec.Triggers.Code}
	if drift := spec.Triggers.Drift; drift != nil {
		m.Triggers.Drift = &driftModel{MonitorIDs: []types.String{}}
		for _, monitor := range drift.Monitors {
			m.Triggers.Drift.MonitorIDs = append(m.Triggers.Drift.MonitorIDs, at.Sibling(mlops.KindDriftMonitor, monitor))
		}
	}
	if schedule := spec.Triggers.Schedule; schedule != nil {
		m.Triggers.Schedule = &scheduleModel{Cron: types.StringValue(schedule.Cron), TimeZone: types.StringValue(schedule.TimeZone)}
	}
	return m
}
