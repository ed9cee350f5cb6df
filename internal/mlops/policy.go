package mlops

import "fmt"

// ApprovalMode says who lets a candidate through.
type ApprovalMode string

// The approval modes.
const (
	ApprovalAutomatic ApprovalMode = "automatic"
	ApprovalManual    ApprovalMode = "manual"
)

// ApprovalModes lists every mode once.
var ApprovalModes = []ApprovalMode{ApprovalAutomatic, ApprovalManual}

// RetrainPolicy is what the controller obeys: what starts a run, what holds it back, who approves it.
// Its name is the name of its model.
type RetrainPolicy struct {
	Model    string   `json:"model"`
	Triggers Triggers `json:"triggers"`
	Guards   Guards   `json:"guards"`
	Approval Approval `json:"approval"`
}

// Triggers that are nil are off. A person may always ask for a run.
type Triggers struct {
	Drift          *DriftTrigger    `json:"drift,omitempty"`
	DatasetVersion *struct{}        `json:"dataset_version,omitempty"`
	Code           *struct{}        `json:"code,omitempty"`
	Schedule       *ScheduleTrigger `json:"schedule,omitempty"`
}

// DriftTrigger names the monitors whose episodes start a run.
type DriftTrigger struct {
	Monitors []string `json:"monitors"`
}

// ScheduleTrigger starts a run at every slot.
type ScheduleTrigger struct {
	Cron     string `json:"cron"`
	TimeZone string `json:"time_zone"`
}

// Guards hold runs back, each answered in words.
type Guards struct {
	// Cooldown since the start of the last run.
	Cooldown Duration `json:"cooldown"`
	// MaximumRuns in BudgetPeriod; zero is no limit.
	MaximumRuns  int64    `json:"maximum_runs"`
	BudgetPeriod Duration `json:"budget_period"`
	// MinimumNewRows published since the champion's data.
	MinimumNewRows int64 `json:"minimum_new_rows"`
	// WaitForData is how long a drift run waits for data newer than the champion's.
	WaitForData Duration `json:"wait_for_data"`
}

// Approval says who lets a registered candidate into production.
type Approval struct {
	Mode ApprovalMode `json:"mode"`
	// First is the mode for a model without a version; automatic unless said.
	First     ApprovalMode `json:"first"`
	Expiry    Duration     `json:"expiry"`
	FourEyes  bool         `json:"four_eyes"`
	Approvers []string     `json:"approvers,omitempty"` // names or e-mail addresses; nil lets any owner approve
}

// DefaultPolicy is what holds for a model that has no policy: bootstrap and requests by people, under no guard.
func DefaultPolicy(model string) RetrainPolicy {
	return RetrainPolicy{
		Model:    model,
		Guards:   Guards{WaitForData: DefaultWaitForData, BudgetPeriod: DefaultBudgetPeriod},
		Approval: Approval{Mode: ApprovalManual, First: ApprovalAutomatic, Expiry: DefaultApprovalExpiry},
	}
}

// Defaults of a policy.
const (
	DefaultApprovalExpiry Duration = Duration(durationDay * 7)
	DefaultWaitForData    Duration = Duration(durationDay * 30)
	DefaultBudgetPeriod   Duration = Duration(durationDay * 30)
	DefaultCooldown       Duration = Duration(durationDay)
	durationDay                    = 24 * 3600 * 1_000_000_000
)

// SpecKind is retrain_policies.
func (p RetrainPolicy) SpecKind() Kind { return KindRetrainPolicy }

// SpecName is the name of the policy's model: a model has one policy.
func (p RetrainPolicy) SpecName() string { return p.Model }

// Validate checks schedule, modes and bounds.
func (p RetrainPolicy) Validate() []Problem {
	var problems []Problem
	if s := p.Triggers.Schedule; s != nil {
		problems = append(problems, scheduleProblems(s.Cron, s.TimeZone, []string{"triggers", "schedule", "cron"}, []string{"triggers", "schedule", "time_zone"})...)
	}
	if d := p.Triggers.Drift; d != nil && len(d.Monitors) == 0 {
		problems = append(problems, problem("name at least one drift monitor", "triggers", "drift", "monitor_ids"))
	}
	if p.Guards.MaximumRuns < 0 {
		problems = append(problems, problem("maximum_runs is zero (no limit) or above", "guards", "maximum_runs"))
	}
	if p.Guards.MaximumRuns > 0 && (p.Guards.BudgetPeriod <= 0 || p.Guards.BudgetPeriod.Std() > StartedKept) {
		problems = append(problems, problem(fmt.Sprintf("budget_period is longer than zero and at most %s", Duration(StartedKept)), "guards", "budget_period"))
	}
	if p.Guards.MinimumNewRows < 0 {
		problems = append(problems, problem("minimum_new_rows is zero or above", "guards", "minimum_new_rows"))
	}
	if p.Guards.WaitForData <= 0 {
		problems = append(problems, problem("wait_for_data must be longer than zero", "guards", "wait_for_data"))
	}
	for attribute, mode := range map[string]ApprovalMode{"mode": p.Approval.Mode, "first": p.Approval.First} {
		if mode != ApprovalAutomatic && mode != ApprovalManual {
			problems = append(problems, problem(`"automatic" or "manual"`, "approval", attribute))
		}
	}
	if nobody := p.Approval.Mode == ApprovalAutomatic && p.Approval.First == ApprovalAutomatic; nobody && len(p.Approval.Approvers) > 0 {
		problems = append(problems, problem("nobody is asked where approval is automatic: set mode or first to manual, or leave approvers out", "approval", "approvers"))
	} else if nobody && p.Approval.FourEyes {
		problems = append(problems, problem("nobody is asked where approval is automatic: set mode or first to manual, or leave four_eyes out", "approval", "four_eyes"))
	}
	if p.Approval.Expiry <= 0 {
		problems = append(problems, problem("expiry must be longer than zero", "approval", "expiry"))
	}
	return problems
}
