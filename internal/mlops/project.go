package mlops

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Role is one of the three owners of a project.
type Role string

// The roles, as attribute names under owners.
const (
	RoleDataEngineer  Role = "data_engineer"
	RoleDataScientist Role = "data_scientist"
	RoleMLOpsEngineer Role = "mlops_engineer"
)

// Roles lists every role once.
var Roles = []Role{RoleDataEngineer, RoleDataScientist, RoleMLOpsEngineer}

// OnDestroy says what a destroy of a project does with its history.
type OnDestroy string

// What on_destroy may say.
const (
	OnDestroyRefuse OnDestroy = "refuse"
	OnDestroyRetain OnDestroy = "retain"
	OnDestroyDelete OnDestroy = "delete"
)

// OnDestroys lists every choice once.
var OnDestroys = []OnDestroy{OnDestroyRefuse, OnDestroyRetain, OnDestroyDelete}

// DefaultLocalPort is where the gateway of a local project listens unless told otherwise.
const DefaultLocalPort = 8765

// Project is where a project lives, who owns it, and how long it remembers.
type Project struct {
	Name      string         `json:"name"`
	Local     *Local         `json:"local,omitempty"` // exactly one of Local and Azure is set
	Azure     *Azure         `json:"azure,omitempty"`
	Owners    map[Role]Owner `json:"owners,omitempty"`
	Retention Retention      `json:"retention"`
	OnDestroy OnDestroy      `json:"on_destroy"`
	// AgentVersion is that of the provider that applied the project last, which its controller has too; "" from before it was noted.
	AgentVersion string `json:"agent_version,omitempty"`
	// Notifications says which roles hear of what, by topic; a topic that is absent goes to its default owner.
	Notifications map[Topic][]Role `json:"notifications,omitempty"`
}

// Local places a project in a folder of one machine.
type Local struct {
	Path string `json:"path"`
	// Port of the one gateway that gives every service its stable address, on 127.0.0.1.
	Port int64 `json:"port"`
}

// Place is where a project in this folder is: file:<path>, in its shortest form. "" where no folder is named.
func (l Local) Place() string {
	if l.Path == "" {
		return ""
	}
	return LocalScheme + path.Clean(l.Path)
}

// Place is where the project lives. "" where that is not known.
func (p Project) Place() string {
	switch {
	case p.Local != nil:
		return p.Local.Place()
	case p.Azure != nil:
		return p.Azure.Place()
	default:
		return ""
	}
}

// Retention bounds what grows, in days; zero keeps for ever.
type Retention struct {
	RecordDays int64 `json:"record_days"`
	ReportDays int64 `json:"report_days"`
}

// SpecKind is projects.
func (p Project) SpecKind() Kind { return KindProject }

// SpecName is the project's name.
func (p Project) SpecName() string { return p.Name }

// Validate checks names, owners and choices.
func (p Project) Validate() []Problem {
	var problems []Problem
	if err := ValidateName(p.Name); err != nil {
		problems = append(problems, problem(err.Error(), "name"))
	}
	if p.Local != nil {
		if p.Local.Path == "" {
			problems = append(problems, problem("path is empty: name a folder, for example .mlops", "local", "path"))
		}
		if p.Local.Port < 1 || p.Local.Port > 65535 {
			problems = append(problems, problem("port must lie between 1 and 65535", "local", "port"))
		}
	}
	if p.Azure != nil {
		problems = append(problems, below(p.Azure.Validate(), "azure")...)
	}
	for role, owner := range p.Owners {
		if !slices.Contains(Roles, role) {
			problems = append(problems, problem("unknown role: use data_engineer, data_scientist or mlops_engineer", "owners", string(role)))
		}
		if !strings.Contains(owner.Email, "@") {
			problems = append(problems, problem(fmt.Sprintf("%q is not an e-mail address", owner.Email), "owners", string(role), "email"))
		}
		problems = append(problems, owner.validatePrincipal(role)...)
		if at, err := url.Parse(owner.Webhook); owner.Webhook != "" && (err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "") {
			// The URL itself may be a secret, so it is not repeated.
			problems = append(problems, problem("not a URL: write https://host/path", "owners", string(role), "webhook"))
		}
	}
	for topic, roles := range p.Notifications {
		if !slices.Contains(Topics, topic) {
			problems = append(problems, problem(fmt.Sprintf("unknown topic %q: use one of %v", topic, Topics), "notifications", string(topic)))
		}
		for _, role := range roles {
			if !slices.Contains(Roles, role) {
				problems = append(problems, problem(fmt.Sprintf("unknown role %q: use one of %v", role, Roles), "notifications", string(topic)))
			}
		}
	}
	if !slices.Contains(OnDestroys, p.OnDestroy) {
		problems = append(problems, problem(`on_destroy is "refuse", "retain" or "delete"`, "on_destroy"))
	}
	return problems
}
