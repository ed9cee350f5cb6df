package armfake

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Role is a built-in role: the name of its definition is the same in every cloud.
type Role struct {
	ID, Name    string
	Actions     []string // lower-cased patterns
	NotActions  []string
	DataActions []string
}

const (
	blobActions     = "microsoft.storage/storageaccounts/blobservices/containers/blobs/"
	roleDefinitions = "/providers/Microsoft.Authorization/roleDefinitions/"
)

// Built-in roles that the product or its users may need.
var (
	Owner                 = Role{ID: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", Name: "Owner", Actions: []string{"*"}}
	Contributor           = Role{ID: "b24988ac-6180-42a0-ab88-20f7382dd24c", Name: "Contributor", Actions: []string{"*"}, NotActions: []string{"microsoft.authorization/*/delete", "microsoft.authorization/*/write"}}
	Reader                = Role{ID: "acdd72a7-3385-48ef-bd42-f606fba81ae7", Name: "Reader", Actions: []string{"*/read"}}
	UserAccess            = Role{ID: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", Name: "User Access Administrator", Actions: []string{"*/read", "microsoft.authorization/*"}}
	RoleAccess            = Role{ID: "f58310d9-a9f6-439a-9e8d-f62e7b41a168", Name: "Role Based Access Control Administrator", Actions: []string{"*/read", "microsoft.authorization/roleassignments/*"}}
	BlobOwner             = Role{ID: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", Name: "Storage Blob Data Owner", Actions: []string{"microsoft.storage/storageaccounts/blobservices/containers/*"}, DataActions: []string{blobActions + "*"}}
	BlobContributor       = Role{ID: "ba92f5b4-2d11-453d-a403-e96b0029c9fe", Name: "Storage Blob Data Contributor", Actions: []string{"microsoft.storage/storageaccounts/blobservices/containers/read", "microsoft.storage/storageaccounts/blobservices/containers/write", "microsoft.storage/storageaccounts/blobservices/containers/delete"}, DataActions: []string{blobActions + "read", blobActions + "write", blobActions + "delete", blobActions + "move/action", blobActions + "add/action"}}
	BlobReader            = Role{ID: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", Name: "Storage Blob Data Reader", Actions: []string{"microsoft.storage/storageaccounts/blobservices/containers/read"}, DataActions: []string{blobActions + "read"}}
	ClusterUser           = Role{ID: "4abbcc35-e782-43d8-92c5-2d3f1bd2253f", Name: "Azure Kubernetes Service Cluster User Role", Actions: []string{clusterKind + "/read", clusterKind + "/listclusterusercredential/action"}}
	MetricsPublisher      = Role{ID: "3913510d-42f4-4e42-8a64-420c390055eb", Name: "Monitoring Metrics Publisher", Actions: []string{"microsoft.insights/register/action"}, DataActions: []string{"microsoft.insights/metrics/write", "microsoft.insights/telemetry/write"}}
	MonitoringContributor = Role{ID: "749f88d5-cbae-40b8-bcfc-e573ddc772fa", Name: "Monitoring Contributor", Actions: []string{"*/read", "microsoft.insights/actiongroups/*", "microsoft.insights/scheduledqueryrules/*", "microsoft.insights/metricalerts/*"}}
	DataScientist         = Role{ID: "f6c7c914-8db3-469d-8ca1-694a8f32e121", Name: "AzureML Data Scientist", Actions: []string{workspaceKind + "/*/read", workspaceKind + "/*/action", workspaceKind + "/*/delete", workspaceKind + "/*/write", workspaceKind + "/read"}}
	IdentityContributor   = Role{ID: "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", Name: "Managed Identity Contributor", Actions: []string{identityKind + "/*"}}
)

var roles = []Role{
	Owner, Contributor, Reader, UserAccess, RoleAccess, BlobOwner, BlobContributor, BlobReader, ClusterUser, MetricsPublisher, MonitoringContributor,
	IdentityContributor, DataScientist,
}

func roleOf(definition string) (Role, bool) {
	at := slices.IndexFunc(roles, func(role Role) bool { return strings.EqualFold(role.ID, path.Base(definition)) })
	if at < 0 {
		return Role{}, false
	}
	return roles[at], true
}

// Assign seeds a role assignment.
func (f *Fake) Assign(to Principal, role Role, scope string) (id string) {
	id = strings.TrimSuffix(scope, "/") + "/providers/Microsoft.Authorization/roleAssignments/" + f.uuid()
	f.Put(id, map[string]any{"properties": map[string]any{
		"roleDefinitionId": "/subscriptions/" + f.Subscription + roleDefinitions + role.ID, "principalId": to.ObjectID, "principalType": "ServicePrincipal",
	}})
	return id
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// checkAssignment is what the service demands of role assignments. No published type judges them.
func (f *Fake) checkAssignment(before, next *resource) *failure {
	properties := next.properties()
	role, principal := text(properties["roleDefinitionId"]), text(properties["principalId"])
	for name := range properties {
		if !slices.Contains([]string{"roleDefinitionId", "principalId", "principalType", "condition", "conditionVersion", "description", "scope", "createdOn"}, name) {
			f.problems = append(f.problems, "PUT "+next.id+": properties."+name+": is not known")
		}
	}
	if !uuidPattern.MatchString(next.name) {
		return bad("InvalidRoleAssignmentId", "The role assignment ID '"+next.name+"' is not valid. The role assignment ID must be a GUID.")
	}
	if _, known := roleOf(role); !known {
		return bad("RoleDefinitionDoesNotExist", fmt.Sprintf("The specified role definition with ID '%s' does not exist.", path.Base(role)))
	}
	if _, known := f.principals[principal]; !known && text(properties["principalType"]) == "" {
		return bad("PrincipalNotFound", fmt.Sprintf("Principal %s does not exist in the directory %s.", principal, f.Tenant))
	}
	if condition := text(properties["condition"]); condition != "" {
		if _, err := parseCondition(condition); err != nil {
			return bad("RoleAssignmentConditionNotValid", "The condition is not valid: "+err.Error())
		}
		if properties["conditionVersion"] != "2.0" {
			return bad("RoleAssignmentConditionVersionNotValid", "conditionVersion must be '2.0'.")
		}
	}
	if before != nil && (!strings.EqualFold(path.Base(text(before.properties()["roleDefinitionId"])), path.Base(role)) || before.properties()["principalId"] != properties["principalId"]) {
		return conflict("RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
	}
	for _, other := range f.resources {
		if other.kind == assignmentKind && other.key != next.key && other.scope == next.scope && other.properties()["principalId"] == principal &&
			strings.EqualFold(path.Base(text(other.properties()["roleDefinitionId"])), path.Base(role)) {
			return conflict("RoleAssignmentExists", fmt.Sprintf("The role assignment already exists. The ID of the existing role assignment is %s.", strings.ReplaceAll(other.name, "-", "")))
		}
	}
	return nil
}

// grants are the assignments that reach a scope for a principal, also through its groups.
func (f *Fake) grants(objectID, scope string) []*resource {
	var found []*resource
	for _, key := range sortedKeys(f.resources) {
		one := f.resources[key]
		if one.kind != assignmentKind || !within(scope, one.scope) {
			continue
		}
		to := text(one.properties()["principalId"])
		if to == objectID || slices.Contains(f.members[to], objectID) {
			found = append(found, one)
		}
	}
	return found
}

// stale says that an assignment is too new to act, and ages it.
func (r *resource) stale() bool {
	if r.fresh > 0 {
		r.fresh--
		return true
	}
	return false
}

// authorized checks a request to the management API against the caller's roles.
func (f *Fake) authorized(caller Principal, at target, method, action string) *failure {
	verb := map[string]string{http.MethodGet: "read", http.MethodDelete: "delete", http.MethodPut: "write", http.MethodPatch: "write"}[method]
	if action != "" {
		verb = action + "/action"
	}
	wanted, scope := at.shown+"/"+verb, at.key
	if at.kind == assignmentKind || at.name == "" {
		scope = at.scope
	}
	for _, one := range f.grants(caller.ObjectID, scope) {
		role, _ := roleOf(text(one.properties()["roleDefinitionId"]))
		if matches(role.Actions, wanted) && !matches(role.NotActions, wanted) && !one.stale() {
			return nil
		}
	}
	return &failure{Status: 403, Code: "AuthorizationFailed", Message: fmt.Sprintf(
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		caller.ClientID, caller.ObjectID, wanted, scope)}
}

func matches(patterns []string, action string) bool {
	for _, pattern := range patterns {
		if matched, _ := regexp.MatchString("^"+strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")+"$", strings.ToLower(action)); matched {
			return true
		}
	}
	return false
}

// Access is what somebody wants to do with a blob.
type Access struct {
	// Container is the ARM id of the container.
	Container string
	// Action is the last part of the data action: "read", "write", "add/action", "delete".
	Action string
	// Path of the blob inside its container; Prefix of a listing, whose SubOperation is "Blob.List".
	Path, Prefix, SubOperation string
}

// ContainerAction begins the Action of what is done with a container itself through the blob endpoint: "container:delete". Such
// rights are no data actions: a condition on paths does not bound them.
const ContainerAction = "container:"

// Allowed evaluates role assignments and their conditions, as storage does. A proxy in front of a store that takes any
// token asks here.
func (f *Fake) Allowed(objectID string, access Access) bool {
	f.lock.Lock()
	defer f.lock.Unlock()
	onContainer, isOnContainer := strings.CutPrefix(access.Action, ContainerAction)
	for _, one := range f.grants(objectID, strings.ToLower(access.Container)) {
		role, _ := roleOf(text(one.properties()["roleDefinitionId"]))
		if isOnContainer { // which no condition bounds
			if matches(role.Actions, containerKind+"/"+onContainer) && !matches(role.NotActions, containerKind+"/"+onContainer) && len(role.DataActions) > 0 && !one.stale() {
				return true
			}
			continue
		}
		if !matches(role.DataActions, blobActions+access.Action) {
			continue
		}
		if condition := text(one.properties()["condition"]); condition != "" {
			parsed, err := parseCondition(condition)
			if err != nil || !parsed(access) {
				continue
			}
		}
		if !one.stale() {
			return true
		}
	}
	return false
}
