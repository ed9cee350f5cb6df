package armfake_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
)

const ownFolder = `(
 (
  !(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'})
  AND
  !(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'})
 )
 OR
 (
  @Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike 'requests/me/*'
 )
)`

// Conditions decide by path; a role without data actions allows nothing, whatever its other rights.
func TestAllowed(t *testing.T) {
	c := start(t, armfake.Options{})
	account := c.fake.StorageAccount("rg", "acc", "")
	container := account + "/blobServices/default/containers/inbox"
	c.must(201, "PUT", container+"?api-version=2025-06-01", `{"properties":{}}`)
	me := c.fake.Application("me")
	body := fmt.Sprintf(`{"properties":{"roleDefinitionId":"/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s","principalId":%q,"principalType":"User",
		"condition":%q,"conditionVersion":"2.0"}}`, c.fake.Subscription, armfake.BlobContributor.ID, me.ObjectID, ownFolder)
	assignment := container + "/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-0000000000aa?api-version=2022-04-01"
	c.must(201, "PUT", assignment, body)
	for _, test := range []struct {
		access armfake.Access
		want   bool
	}{
		{armfake.Access{Action: "write", Path: "requests/me/1.json"}, true},
		{armfake.Access{Action: "read", Path: "requests/me/1.json"}, true},
		{armfake.Access{Action: "write", Path: "requests/other/1.json"}, false},
		{armfake.Access{Action: "write", Path: "requests/me"}, false},
		{armfake.Access{Action: "read", Path: "requests/other/1.json"}, false},
		{armfake.Access{Action: "read", SubOperation: "Blob.List", Prefix: "requests/"}, true},
		{armfake.Access{Action: "delete", Path: "requests/other/1.json"}, true}, // this condition does not name it
	} {
		test.access.Container = container
		if got := c.fake.Allowed(me.ObjectID, test.access); got != test.want {
			t.Errorf("%+v: %v", test.access, got)
		}
	}
	if c.fake.Allowed(c.fake.Administrator.ObjectID, armfake.Access{Container: container, Action: "read", Path: "x"}) {
		t.Error("an owner without a data role reads blobs")
	}
	if c.fake.Allowed(me.ObjectID, armfake.Access{Container: account + "/blobServices/default/containers/other", Action: "read", Path: "requests/me/1"}) {
		t.Error("the assignment reaches another container")
	}

	// The same again under another name, another principal under this one, and what is no condition.
	if got := c.must(409, "PUT", strings.Replace(assignment, "0000aa", "0000ab", 1), body); got.code() != "RoleAssignmentExists" {
		t.Errorf("%v", got.body)
	}
	if got := c.must(409, "PUT", assignment, strings.Replace(body, me.ObjectID, c.fake.Administrator.ObjectID, 1)); got.code() != "RoleAssignmentUpdateNotPermitted" {
		t.Errorf("%v", got.body)
	}
	c.must(400, "PUT", assignment, strings.Replace(body, "StringLike", "StringNear", 1))
	c.must(200, "PUT", assignment, body)
}

func TestGroupsAndFreshAssignments(t *testing.T) {
	c := start(t, armfake.Options{})
	container := c.fake.StorageAccount("rg", "acc", "") + "/blobServices/default/containers/data"
	c.must(201, "PUT", container+"?api-version=2025-06-01", `{"properties":{}}`)
	person := c.fake.Application("person")
	c.fake.Member("team", person.ObjectID)
	c.fake.DelayAssignments(2)
	c.must(201, "PUT", container+"/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-0000000000ac?api-version=2022-04-01",
		fmt.Sprintf(`{"properties":{"roleDefinitionId":"%s","principalId":"team","principalType":"Group"}}`, armfake.BlobReader.ID))
	access := armfake.Access{Container: container, Action: "read", Path: "a"}
	for i, want := range []bool{false, false, true, true} {
		if got := c.fake.Allowed(person.ObjectID, access); got != want {
			t.Errorf("check %d: %v", i, got)
		}
	}
}

// Two federated credentials of one identity at once: one is refused. That they meet takes a try or two.
func TestFederatedAtOnce(t *testing.T) {
	c := start(t, armfake.Options{})
	for try := range 8 {
		identity, _ := c.fake.Identity("rg", fmt.Sprint("jobs", try))
		var wait sync.WaitGroup
		statuses := make([]int, 2)
		for i := range statuses {
			wait.Go(func() {
				got, err := c.send("PUT", fmt.Sprintf("%s/federatedIdentityCredentials/c%d?api-version=2023-01-31", identity, i),
					fmt.Sprintf(`{"properties":{"issuer":"https://i","subject":"s%d","audiences":["api://AzureADTokenExchange"]}}`, i))
				if err == nil {
					statuses[i] = got.status
				}
			})
		}
		wait.Wait()
		if statuses[0]+statuses[1] == 201+409 {
			return
		}
	}
	t.Error("two writes at once were never refused")
}
