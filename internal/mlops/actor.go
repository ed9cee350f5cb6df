package mlops

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Actor is who did something. On one machine nobody is verified. Where people leave requests in folders that only they can
// write, who asked is the folder's owner, whatever the request says of itself.
type Actor struct {
	Name string `json:"name"`
	// ID is the object id of a verified identity, "" of one that is taken on trust.
	ID       string `json:"id,omitempty"`
	Verified bool   `json:"verified"`
}

// Key tells actors apart: by object id where they are verified, else by name.
func (a Actor) Key() string {
	if a.Verified && a.ID != "" {
		return a.ID
	}
	return a.Name
}

// Principal kinds, as Entra names them.
const (
	PrincipalUser             = "User"
	PrincipalGroup            = "Group"
	PrincipalServicePrincipal = "ServicePrincipal"
)

// PrincipalTypes lists every kind once.
var PrincipalTypes = []string{PrincipalUser, PrincipalGroup, PrincipalServicePrincipal}

// Owner is a person or group that answers for a role. On one machine it is taken on trust; on Azure it is the identity with
// this object id.
type Owner struct {
	Email         string `json:"email"`
	PrincipalID   string `json:"principal_id,omitempty"`
	PrincipalType string `json:"principal_type,omitempty"`
	Webhook       string `json:"webhook,omitempty"`
}

// Is says whether a verified actor is this owner.
func (o Owner) Is(actor Actor) bool {
	return actor.Verified && actor.ID != "" && strings.EqualFold(o.PrincipalID, actor.ID)
}

// validatePrincipal checks the identity of a role's owner.
func (o Owner) validatePrincipal(role Role) []Problem {
	var problems []Problem
	if o.PrincipalID != "" && !objectIDPattern.MatchString(o.PrincipalID) {
		problems = append(problems, problem(fmt.Sprintf("%q is not an object id: copy it from Entra, as 8-4-4-4-12 hex digits", o.PrincipalID),
			"owners", string(role), "principal_id"))
	}
	if o.PrincipalType != "" && !slices.Contains(PrincipalTypes, o.PrincipalType) {
		problems = append(problems, problem(fmt.Sprintf("%q: use one of %s", o.PrincipalType, strings.Join(PrincipalTypes, ", ")),
			"owners", string(role), "principal_type"))
	}
	return problems
}

var objectIDPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// ownerOf is the role's owner that a verified actor is; false for a stranger.
func (w World) ownerOf(actor Actor) (Owner, bool) {
	for _, role := range Roles {
		if owner := w.Owners[role]; owner.Is(actor) {
			return owner, true
		}
	}
	return Owner{}, false
}

// known gives a verified actor the name by which people know them: an object id tells nobody anything.
func (w World) known(actor Actor) Actor {
	if owner, ok := w.ownerOf(actor); ok {
		actor.Name = owner.Email
	}
	return actor
}

// mayApprove says whether somebody is among the approvers: named themselves, or by e-mail address, or by an owner's role. A
// verified identity is compared by object id alone, never by what it calls itself. Where the policy names none, any owner
// may; on one machine that is anybody who can reach the project.
func (w World) mayApprove(actor Actor) bool {
	_, owns := w.ownerOf(actor)
	if len(w.Policy.Approval.Approvers) == 0 {
		return owns || !actor.Verified
	}
	for _, approver := range w.Policy.Approval.Approvers {
		if w.names(approver, actor) {
			return true
		}
	}
	return false
}

// names says whether an approver, as the policy writes one, is this actor.
func (w World) names(approver string, actor Actor) bool {
	if !actor.Verified {
		return strings.EqualFold(approver, actor.Name) || strings.EqualFold(w.Owners[Role(approver)].Email, actor.Name) && actor.Name != ""
	}
	if strings.EqualFold(approver, actor.ID) || w.Owners[Role(approver)].Is(actor) {
		return true
	}
	for _, role := range Roles {
		if owner := w.Owners[role]; strings.EqualFold(owner.Email, approver) && owner.Is(actor) {
			return true
		}
	}
	return false
}
