// Package access gives identities the roles they need on Azure, and no more: role assignments with conditions on paths, and
// federated credentials. What is needed is a pure function of the project; what is there is read from the management API.
// It must not know what is done with a role.
package access

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Role is a built-in role, by the name of its definition, which is the same in every cloud.
type Role struct{ ID, Name string }

// The roles that a project needs.
var (
	BlobContributor  = Role{"ba92f5b4-2d11-453d-a403-e96b0029c9fe", "Storage Blob Data Contributor"}
	BlobReader       = Role{"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader"}
	MetricsPublisher = Role{"3913510d-42f4-4e42-8a64-420c390055eb", "Monitoring Metrics Publisher"}
)

// blobOwner is wider than BlobContributor; it is never given.
var blobOwner = Role{"b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Storage Blob Data Owner"}

// Types of principals.
const (
	User             = "User"
	Group            = "Group"
	ServicePrincipal = "ServicePrincipal"
)

// Grant is one role assignment.
type Grant struct {
	Scope         string // ARM id
	Role          Role
	PrincipalID   string // object id
	PrincipalType string // "" for ServicePrincipal
	// Condition bounds it to paths, "" for none.
	Condition string
	// Who is the principal in words: "the controller", "data_scientist".
	Who string
}

// assignments is the namespace of the names of role assignments (uuid version 5).
var assignments = uuid.MustParse("0d5a4f0e-5e3c-4c0b-9d5f-6f6d6c6f7073")

// Name is a function of scope, role and principal, so that the same grant is the same assignment in every apply.
func (g Grant) Name() string {
	return uuid.NewSHA1(assignments, []byte(strings.ToLower(strings.Join([]string{g.Scope, g.Role.ID, g.PrincipalID}, "\x00")))).String()
}

// ID is the ARM id of the assignment.
func (g Grant) ID() string {
	return strings.TrimSuffix(g.Scope, "/") + "/providers/Microsoft.Authorization/roleAssignments/" + g.Name()
}

func (g Grant) principalType() string {
	if g.PrincipalType == "" {
		return ServicePrincipal
	}
	return g.PrincipalType
}

// definition is the ARM id of the role's definition, seen from the scope's subscription.
func (g Grant) definition() string {
	parts := strings.SplitN(strings.TrimPrefix(g.Scope, "/"), "/", 3)
	if len(parts) < 2 {
		return "/providers/Microsoft.Authorization/roleDefinitions/" + g.Role.ID
	}
	return "/subscriptions/" + parts[1] + "/providers/Microsoft.Authorization/roleDefinitions/" + g.Role.ID
}

// String says the grant in words, for who is told to make it.
func (g Grant) String() string {
	text := fmt.Sprintf("role %q for %s (object id %s) on %s", g.Role.Name, g.Who, g.PrincipalID, g.Scope)
	if g.Condition != "" {
		text += ", with a condition on paths"
	}
	return text
}

// Command makes the grant by hand, in a POSIX shell.
func (g Grant) Command() string {
	command := fmt.Sprintf("az role assignment create --name %s --role %s --assignee-object-id %s --assignee-principal-type %s --scope %s",
		g.Name(), g.Role.ID, g.PrincipalID, g.principalType(), quote(g.Scope))
	if g.Condition != "" {
		command += " --condition-version 2.0 --condition " + quote(g.Condition)
	}
	return command
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
