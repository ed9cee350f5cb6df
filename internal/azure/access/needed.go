package access

import "strings"

// Parties are the principals of a project, by object id; "" for one that there is not.
type Parties struct {
	Control, Jobs, Serving string
	// Terraform is who applies.
	Terraform     string
	TerraformType string
	// Owners and approvers, each once.
	People []Person
}

// Person is somebody who may ask and approve: a user, a group, or an application such as a pipeline.
type Person struct {
	ObjectID string
	Type     string // User, Group or ServicePrincipal
	Role     string // "data_scientist"
}

// Places are the scopes of a project, as ARM ids; "" for one that there is not.
type Places struct {
	Container string // the project's memory
	Audit     string // heads of the logs
	Inbox     string // requests, each below the object id of who asks
	Telemetry string // Application Insights component
}

// What each party may write in the project's memory. Logs of models, snapshots of them, notices and audit heads are the
// controller's alone: nobody else can put an event or an approval there.
var (
	jobsWrite      = []string{"data/", "datasets/", "runs/", "reports/", "monitors/", "snapshots/monitors/"}
	servingWrites  = []string{"records/"}
	terraformWrite = []string{"specs/", "data/", "datasets/", "standing/clusters/", "telemetry/"}
)

// Needed is every grant of a project, in a fixed order. A group's members write below the group's id, not below their own:
// they are one asker.
func Needed(places Places, parties Parties) []Grant {
	var grants []Grant
	add := func(scope string, role Role, principal, kind, condition, who string) {
		if scope != "" && principal != "" {
			grants = append(grants, Grant{scope, role, principal, kind, condition, who})
		}
	}
	for _, scope := range []string{places.Container, places.Audit, places.Inbox} {
		add(scope, BlobContributor, parties.Control, ServicePrincipal, "", "the controller")
	}
	add(places.Container, BlobContributor, parties.Jobs, ServicePrincipal, createsBelow(jobsWrite...), "jobs")
	add(places.Container, BlobContributor, parties.Serving, ServicePrincipal, createsBelow(servingWrites...), "serving")
	for _, sender := range []struct{ id, who string }{{parties.Control, "the controller"}, {parties.Jobs, "jobs"}, {parties.Serving, "serving"}} {
		add(places.Telemetry, MetricsPublisher, sender.id, ServicePrincipal, "", sender.who)
	}
	// Terraform may delete anywhere in the memory, for on_destroy = "delete"; what it may write is bounded.
	add(places.Container, BlobContributor, parties.Terraform, parties.TerraformType, createsBelow(terraformWrite...), "who applies")
	for _, person := range parties.People {
		add(places.Container, BlobReader, person.ObjectID, person.Type, "", person.Role)
		add(places.Audit, BlobReader, person.ObjectID, person.Type, "", person.Role)
		add(places.Inbox, BlobContributor, person.ObjectID, person.Type, writesBelow(strings.ToLower(person.ObjectID)+"/"), person.Role)
	}
	return once(grants)
}

// OfApplier says whether an assignment is what whoever applies needs, by what it allows in the project's memory.
func OfApplier(grant Grant) bool { return grant.Condition == createsBelow(terraformWrite...) }

// once merges grants of one name. One principal may be several parties: the first wins, and what it may is joined by the
// wider condition, which is none.
func once(grants []Grant) []Grant {
	at := map[string]int{}
	var found []Grant
	for _, grant := range grants {
		name := grant.Name()
		if first, twice := at[name]; twice {
			if grant.Condition == "" {
				found[first].Condition = ""
			} else if found[first].Condition != "" && found[first].Condition != grant.Condition {
				found[first].Condition = "(" + found[first].Condition + " OR " + grant.Condition + ")"
			}
			continue
		}
		at[name] = len(found)
		found = append(found, grant)
	}
	return found
}
