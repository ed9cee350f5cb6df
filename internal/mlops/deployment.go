package mlops

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// AliasChampion is the alias that promotions move.
const AliasChampion = "champion"

// Aliases that a deployment may follow.
var Aliases = []string{AliasChampion, "challenger"}

// Deployment serves a model by alias or pinned version.
type Deployment struct {
	Name  string `json:"name"`
	Model string `json:"model"`
	// Cluster is the short name of the project's cluster that serves it, "" for the default one.
	Cluster string `json:"cluster,omitempty"`
	// Alias is followed unless Version pins one.
	Alias          string         `json:"alias,omitempty"`
	Version        *int64         `json:"version,omitempty"`
	Replicas       *int64         `json:"replicas,omitempty"` // nil where Autoscaling owns the count
	Autoscaling    *Autoscaling   `json:"autoscaling,omitempty"`
	DataCollection DataCollection `json:"data_collection"`
	Resources      Resources      `json:"resources"`
	RollOut        RollOut        `json:"roll_out"`
	// Health says when its owners hear that it is ill; nil for never.
	Health *Health `json:"health,omitempty"`
}

// Autoscaling bounds the replicas by load.
type Autoscaling struct {
	Minimum    int64 `json:"minimum"`
	Maximum    int64 `json:"maximum"`
	CPUPercent int64 `json:"cpu_percent"`
}

// DataCollection says what the collector keeps of scoring traffic.
type DataCollection struct {
	Enabled            bool     `json:"enabled"`
	SamplingPercentage int64    `json:"sampling_percentage"`
	RetentionDays      int64    `json:"retention_days"`
	Redact             []string `json:"redact,omitempty"`
	// OnFull says what happens while the collector's log is full, "" for OnFullCount; Sync when a record is safe against the
	// end of the machine, "" for SyncGrouped.
	OnFull string `json:"on_full,omitempty"`
	Sync   string `json:"sync,omitempty"`
	// LogClaim names a volume claim of the cluster's namespace that many pods may write at once, and that outlives them: the
	// collectors' logs lie there. "" keeps each in its pod.
	LogClaim string `json:"log_claim,omitempty"`
}

// CollectorLogBytes of a collector's log may wait for the store, unless it is told otherwise.
const CollectorLogBytes = 1 << 30

// claimPattern is a DNS subdomain, as Kubernetes names volume claims.
var claimPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

const longestClaim = 253

// What happens while the collector's log is full, and when its records are safe against the end of the machine.
const (
	OnFullCount = "count" // the oldest records go, each of them counted
	OnFullBlock = "block" // scoring waits
	SyncGrouped = "grouped"
	SyncAlways  = "always" // before the answer ends
)

// The choices of a data collection.
var (
	OnFulls = []string{OnFullCount, OnFullBlock}
	Syncs   = []string{SyncGrouped, SyncAlways}
)

// RollOut says how long a new version may take to become ready, and how long it is watched before the alias moves.
type RollOut struct {
	Timeout Duration `json:"timeout"`
	Watch   Duration `json:"watch"`
}

// MaximumReplicas keeps a slip of the keyboard from starting more than any platform holds.
const MaximumReplicas = 1000

// Defaults of a deployment.
const (
	DefaultReplicas           = 1
	DefaultSamplingPercentage = 100
	DefaultRecordDays         = 90
	DefaultRollOutTimeout     = Duration(5 * time.Minute)
	DefaultRollOutWatch       = Duration(10 * time.Second)
)

// ReservedService is the name of the service that runs the controller; no deployment may have it.
const ReservedService = "control"

// SpecKind is deployments.
func (d Deployment) SpecKind() Kind { return KindDeployment }

// SpecName is the deployment's name.
func (d Deployment) SpecName() string { return d.Name }

// MinimumReplicas is how many replicas must be ready for the deployment to hold.
func (d Deployment) MinimumReplicas() int64 {
	switch {
	case d.Autoscaling != nil:
		return d.Autoscaling.Minimum
	case d.Replicas != nil:
		return *d.Replicas
	default:
		return 1
	}
}

// Validate checks names, counts and percentages.
func (d Deployment) Validate() []Problem {
	var problems []Problem
	if err := ValidateName(d.Name); err != nil {
		problems = append(problems, problem(err.Error(), "name"))
	}
	if d.Name == ReservedService {
		problems = append(problems, problem(`the controller has the name "control" already: choose another`, "name"))
	}
	if d.Version == nil && d.Alias == "" {
		problems = append(problems, problem(`follow an alias (alias = "champion") or pin a version`, "alias"))
	}
	if d.Version != nil && d.Alias != "" {
		problems = append(problems, problem("a deployment follows an alias or serves a pinned version: give one of alias and version", "version"))
	}
	if d.Alias != "" && !slices.Contains(Aliases, d.Alias) {
		problems = append(problems, problem(fmt.Sprintf("there is no alias %q: use one of %v", d.Alias, Aliases), "alias"))
	}
	if d.Version != nil && *d.Version < 1 {
		problems = append(problems, problem("versions count from 1", "version"))
	}
	if d.Replicas != nil && (*d.Replicas < 0 || *d.Replicas > MaximumReplicas) {
		problems = append(problems, problem(fmt.Sprintf("replicas lies between 0 and %d", MaximumReplicas), "replicas"))
	}
	if a := d.Autoscaling; a != nil {
		if d.Replicas != nil {
			problems = append(problems, problem("replicas belong to the autoscaler: give one of replicas and autoscaling", "replicas"))
		}
		if a.Minimum < 1 || a.Maximum < a.Minimum {
			problems = append(problems, problem("minimum is at least 1 and not above maximum", "autoscaling", "minimum"))
		}
		if a.Maximum > MaximumReplicas {
			problems = append(problems, problem(fmt.Sprintf("maximum is at most %d", MaximumReplicas), "autoscaling", "maximum"))
		}
		if a.CPUPercent < 1 || a.CPUPercent > 100 {
			problems = append(problems, problem("cpu_percent lies between 1 and 100", "autoscaling", "cpu_percent"))
		}
	}
	if p := d.DataCollection.SamplingPercentage; p < 0 || p > 100 {
		problems = append(problems, problem("a percentage lies between 0 and 100", "data_collection", "sampling_percentage"))
	}
	if d.DataCollection.RetentionDays < 0 {
		problems = append(problems, problem("retention_days is zero (for ever) or above", "data_collection", "retention_days"))
	}
	if c := d.DataCollection.OnFull; c != "" && !slices.Contains(OnFulls, c) {
		problems = append(problems, problem(`on_full is "count" or "block"`, "data_collection", "on_full"))
	}
	if c := d.DataCollection.Sync; c != "" && !slices.Contains(Syncs, c) {
		problems = append(problems, problem(`sync is "grouped" or "always"`, "data_collection", "sync"))
	}
	if c := d.DataCollection.LogClaim; c != "" && (len(c) > longestClaim || !claimPattern.MatchString(c)) {
		problems = append(problems, problem(fmt.Sprintf("%q cannot be the name of a volume claim: use lower-case letters, digits, hyphens and dots, for example collector-logs", c),
			"data_collection", "log_claim"))
	}
	if d.RollOut.Timeout <= 0 {
		problems = append(problems, problem("the timeout must be longer than zero", "roll_out", "timeout"))
	}
	if d.Health != nil {
		problems = append(problems, below(d.Health.Validate(), "health")...)
		if !d.DataCollection.Enabled {
			problems = append(problems, problem("health is told by the collector's numbers: leave health out, or let it collect", "data_collection", "enabled"))
		}
	}
	return problems
}
