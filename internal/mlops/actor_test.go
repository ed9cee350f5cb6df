package mlops

import (
	"strings"
	"testing"
)

const (
	adaID  = "0ada0000-0000-4000-8000-000000000001"
	ciID   = "0c100000-0000-4000-8000-000000000002"
	selfID = "05e1f000-0000-4000-8000-000000000003"
)

// Who is verified may ask where the project lists him, under whatever role some other assignment lets him in; the controller
// asks where an alert tells it to, and approves nothing.
func TestWhoMayAsk(t *testing.T) {
	world := World{
		Self: selfID, Owners: map[Role]Owner{RoleDataScientist: {Email: "ada@example.com", PrincipalID: strings.ToUpper(adaID)}},
		Requesters: map[string]Requester{"ci": {PrincipalID: ciID}},
	}
	verified := func(id string) Actor { return Actor{Name: id, ID: id, Verified: true} }
	for _, test := range []struct {
		actor         Actor
		ask, approve  bool
		name          string
		withApprovers bool // where the policy names "ci"
	}{
		{actor: Actor{Name: "anybody"}, ask: true, approve: true, name: "anybody"},
		{actor: verified(adaID), ask: true, approve: true, name: "ada@example.com"},
		{actor: verified(ciID), ask: true, name: "ci", withApprovers: true},
		{actor: verified(selfID), ask: true, name: "an alert"},
		{actor: verified("0bad0000-0000-4000-8000-000000000004"), name: "0bad0000-0000-4000-8000-000000000004"},
		{actor: Actor{Name: "ada@example.com", ID: "0bad0000-0000-4000-8000-000000000004", Verified: true}, name: "ada@example.com"},
	} {
		world.Policy.Approval.Approvers = nil
		if world.mayAsk(test.actor) != test.ask || world.mayApprove(test.actor) != test.approve || world.known(test.actor).Name != test.name {
			t.Errorf("%+v: asks %v, approves %v, is known as %q", test.actor, world.mayAsk(test.actor), world.mayApprove(test.actor), world.known(test.actor).Name)
		}
		if world.Policy.Approval.Approvers = []string{"ci"}; world.mayApprove(test.actor) != test.withApprovers {
			t.Errorf("%+v approves where ci does: %v", test.actor, !test.withApprovers)
		}
	}
}

// An approver who could never leave an approval is found at plan; on one machine nobody is.
func TestApproversWhoAreNobody(t *testing.T) {
	project := Project{
		Owners: map[Role]Owner{RoleDataScientist: {Email: "ada@example.com", PrincipalID: adaID}, RoleDataEngineer: {Email: "bob@example.com"}},
		Azure:  &Azure{Requesters: map[string]Requester{"ci": {PrincipalID: ciID, Email: "ci@example.com"}}},
	}
	for approver, good := range map[string]bool{
		"data_scientist": true, "ADA@example.com": true, strings.ToUpper(adaID): true, "ci": true, "ci@example.com": true, ciID: true,
		"data_engineer": false, "bob@example.com": false, "eve": false, "0bad0000-0000-4000-8000-000000000004": false,
	} {
		problems := project.CheckApprovers([]string{"data_scientist", approver})
		if good != (len(problems) == 0) || !good && strings.Join(problems[0].Path, ".") != "approval.approvers.1" {
			t.Errorf("%s: %v", approver, problems)
		}
	}
	project.Azure = nil
	if problems := project.CheckApprovers([]string{"eve"}); len(problems) > 0 {
		t.Errorf("on one machine: %v", problems)
	}
}

// A rule for a storage account's policy names prefixes of the container, and stays out of the controller's way.
func TestLifecycleRule(t *testing.T) {
	rule := LifecycleRule("flights-eu", "store", 90)
	for _, part := range []string{`"name":"mlopsflightseurecords"`, `"store/records/"`, `"daysAfterModificationGreaterThan":97`} {
		if !strings.Contains(rule, part) {
			t.Errorf("%s has no %s", rule, part)
		}
	}
	if rule := LifecycleRule("flights", "store", 0); rule != "" {
		t.Errorf("what is kept for ever: %s", rule)
	}
}
