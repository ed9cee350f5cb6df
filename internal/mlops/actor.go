package mlops

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
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
	return principalProblems(o.PrincipalID, o.PrincipalType, "owners", string(role))
}

// Requester is an identity that may ask for things and owns nothing: a pipeline, or an approver.
type Requester struct {
	Email         string `json:"email,omitempty"`
	PrincipalID   string `json:"principal_id"`
	PrincipalType string `json:"principal_type,omitempty"`
}

// Is says whether a verified actor is this requester.
func (r Requester) Is(actor Actor) bool { return Owner{PrincipalID: r.PrincipalID}.Is(actor) }

func (r Requester) validate(name string) []Problem {
	problems := principalProblems(r.PrincipalID, r.PrincipalType, "requesters", name)
	if err := ValidateName(name); err != nil {
		problems = append(problems, problem(err.Error(), "requesters", name))
	}
	if r.Email != "" && !strings.Contains(r.Email, "@") {
		problems = append(problems, problem(fmt.Sprintf("%q is not an e-mail address", r.Email), "requesters", name, "email"))
	}
	return problems
}

func principalProblems(id, kind string, path ...string) []Problem {
	var problems []Problem
	if id != "" && !objectIDPattern.MatchString(id) {
		problems = append(problems, problem(fmt.Sprintf("%q is not an object id: copy it from Entra, as 8-4-4-4-12 hex digits", id), append(slices.Clone(path), "principal_id")...))
	}
	if kind != "" && !slices.Contains(PrincipalTypes, kind) {
		problems = append(problems, problem(fmt.Sprintf("%q: use one of %s", kind, strings.Join(PrincipalTypes, ", ")), append(slices.Clone(path), "principal_type")...))
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

// requesterOf is the short name of the requester that a verified actor is; "" for anybody else.
func (w World) requesterOf(actor Actor) string {
	for _, name := range slices.Sorted(maps.Keys(w.Requesters)) {
		if w.Requesters[name].Is(actor) {
			return name
		}
	}
	return ""
}

// self says whether a verified actor is the controller itself, which asks where an alert tells it to.
func (w World) self(actor Actor) bool {
	return actor.Verified && w.Self != "" && strings.EqualFold(actor.ID, w.Self)
}

// known gives a verified actor the name by which people know them: an object id tells nobody anything.
func (w World) known(actor Actor) Actor {
	owner, owns := w.ownerOf(actor)
	requester := w.requesterOf(actor)
	switch {
	case owns:
		actor.Name = owner.Email
	case requester != "":
		actor.Name = cmp.Or(w.Requesters[requester].Email, requester)
	case w.self(actor):
		actor.Name = alertName
	}
	return actor
}

// alertName is who asks where the controller itself does: it was told to by an alert.
const alertName = "an alert"

// mayAsk says whether somebody may ask for anything at all. Who is verified must be listed: a role that reaches the inbox from
// above, as one at the subscription, makes nobody an owner.
func (w World) mayAsk(actor Actor) bool {
	if !actor.Verified {
		return true
	}
	_, owns := w.ownerOf(actor)
	named := slices.ContainsFunc(w.Policy.Approval.Approvers, func(approver string) bool { return w.names(approver, actor) })
	return owns || named || w.requesterOf(actor) != "" || w.self(actor)
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

// approvers are those that the policy names, in words.
func (w World) approvers() string {
	if len(w.Policy.Approval.Approvers) == 0 {
		return "the owners of the project"
	}
	return strings.Join(w.Policy.Approval.Approvers, ", ")
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
	for name, requester := range w.Requesters {
		if requester.Is(actor) && (name == approver || requester.Email != "" && strings.EqualFold(requester.Email, approver)) {
			return true
		}
	}
	return false
}

// CheckApprovers finds approvers of a policy who could never approve in a project on Azure: only who has an identity among its
// owners and requesters can leave an approval there.
func (p Project) CheckApprovers(approvers []string) []Problem {
	if p.Azure == nil {
		return nil
	}
	world := World{Owners: p.Owners, Requesters: p.Azure.Requesters}
	var ids []string
	for _, owner := range p.Owners {
		ids = append(ids, owner.PrincipalID)
	}
	for _, requester := range p.Azure.Requesters {
		ids = append(ids, requester.PrincipalID)
	}
	var problems []Problem
	for i, approver := range approvers {
		known := slices.ContainsFunc(ids, func(id string) bool {
			return id != "" && world.names(approver, Actor{Name: id, ID: id, Verified: true})
		})
		if !known {
			problems = append(problems, problem(fmt.Sprintf("%q could never approve: on Azure name an owner's role, or the e-mail address or object id of an owner or of one of "+
				"the project's azure.requesters, who has a principal_id", approver), "approval", "approvers", strconv.Itoa(i)))
		}
	}
	return problems
}
