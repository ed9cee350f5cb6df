package armfake

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

func fillAccount(found *resource) {
	if _, given := found.properties()["primaryEndpoints"]; !given {
		found.fill["properties.primaryEndpoints"] = map[string]any{"blob": "https://" + found.name + ".blob.core.fake/"}
	}
}

func (f *Fake) fillContainer(found *resource) {
	found.fill["etag"] = found.tag()
	found.fill["properties.leaseStatus"], found.fill["properties.leaseState"] = "Unlocked", "Available"
	found.fill["properties.lastModifiedTime"] = stamp(f.options.Now())
	found.fill["properties.deleted"], found.fill["properties.hasLegalHold"] = false, found.fill["properties.legalHold"] != nil
	policy := f.resources[found.key+"/immutabilitypolicies/default"]
	found.fill["properties.hasImmutabilityPolicy"] = policy != nil
	delete(found.fill, "properties.immutabilityPolicy")
	if policy != nil {
		found.fill["properties.immutabilityPolicy"] = map[string]any{"etag": policy.tag(), "properties": policy.properties()}
	}
}

func fillPolicy(found *resource) {
	found.fill["etag"] = found.tag()
	found.once("properties.state", func() string { return "Unlocked" })
}

func locked(found *resource) bool { return found != nil && found.fill["properties.state"] == "Locked" }

// The codes of what an immutability policy forbids are not written down by Microsoft: only the statuses are.
func checkPolicy(before, next *resource) *failure {
	days, _ := next.properties()["immutabilityPeriodSinceCreationInDays"].(float64)
	switch {
	case locked(before):
		return conflict("ImmutabilityPolicyLocked", "The immutability policy is locked: only its period can be extended.")
	case days < 1 || days > 146000:
		return bad("InvalidImmutabilityPeriod", "The immutability period must lie between 1 and 146000 days.")
	case next.properties()["allowProtectedAppendWrites"] == true && next.properties()["allowProtectedAppendWritesAll"] == true:
		return bad("InvalidImmutabilityPolicy", "allowProtectedAppendWrites and allowProtectedAppendWritesAll exclude each other.")
	}
	return nil
}

func deletablePolicy(r *http.Request, found *resource) *failure {
	switch {
	case r.Header.Get("If-Match") == "":
		return bad("MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified: If-Match.")
	case locked(found):
		return conflict("ImmutabilityPolicyLocked", "A locked immutability policy cannot be deleted.")
	}
	return nil
}

func (f *Fake) deletableContainer(found *resource) *failure {
	if found.fill["properties.legalHold"] != nil {
		return conflict("ContainerLegalHold", "The container has a legal hold and cannot be deleted.")
	}
	if f.resources[found.key+"/immutabilitypolicies/default"] != nil && f.held[found.key] {
		return conflict("ContainerImmutabilityPolicy", "The container holds blobs under an immutability policy and cannot be deleted.")
	}
	return nil
}

// containerAction is setLegalHold and clearLegalHold.
func containerAction(found *resource, action string, body map[string]any) reply {
	if action == "clearlegalhold" {
		delete(found.fill, "properties.legalHold")
		return reply{http.StatusOK, nil, map[string]any{"hasLegalHold": false, "tags": []any{}}}
	}
	found.fill["properties.legalHold"] = map[string]any{"hasLegalHold": true, "tags": body["tags"]}
	return reply{http.StatusOK, nil, map[string]any{"hasLegalHold": true, "tags": body["tags"]}}
}

// policyAction is lock and extend; both need the ETag of the last reply.
func policyAction(r *http.Request, found *resource, action string, body map[string]any) *failure {
	if r.Header.Get("If-Match") == "" {
		return bad("MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified: If-Match.")
	}
	if refused := precondition(r, found); refused != nil {
		return refused
	}
	const period = "properties.immutabilityPeriodSinceCreationInDays"
	properties, _ := body["properties"].(map[string]any)
	days, _ := properties["immutabilityPeriodSinceCreationInDays"].(float64)
	was, _ := found.properties()["immutabilityPeriodSinceCreationInDays"].(float64)
	switch {
	case action == "lock":
		found.fill["properties.state"] = "Locked"
	case !locked(found):
		return conflict("ImmutabilityPolicyUnlocked", "Only a locked policy is extended.")
	case days < was:
		return conflict("ImmutabilityPolicyShortened", fmt.Sprintf("The period of %v days cannot be shortened.", was))
	default:
		set(found.body, period, days)
	}
	return nil
}

// StorageAccount seeds an account. blobEndpoint is where its blobs are: an Azurite, or "" for a made-up host.
func (f *Fake) StorageAccount(group, name, blobEndpoint string) (id string) {
	body := map[string]any{"location": "westeurope", "kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"}, "properties": map[string]any{}}
	if blobEndpoint != "" {
		body["properties"] = map[string]any{"primaryEndpoints": map[string]any{"blob": blobEndpoint}}
	}
	id = f.ResourceGroup(group) + "/providers/Microsoft.Storage/storageAccounts/" + name
	f.Put(id, body)
	return id
}

// LockedUntil is when the last blob of a container under a locked policy would be free, if it was written at a time.
func (f *Fake) LockedUntil(container string, written time.Time) time.Time {
	f.lock.Lock()
	defer f.lock.Unlock()
	policy := f.resources[strings.ToLower(container)+"/immutabilitypolicies/default"]
	if !locked(policy) {
		return time.Time{}
	}
	days, _ := policy.properties()["immutabilityPeriodSinceCreationInDays"].(float64)
	return written.Add(time.Duration(days) * 24 * time.Hour)
}

// Immutable says whether a policy keeps what is in a container.
func (f *Fake) Immutable(container string) bool {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.resources[strings.ToLower(container)+"/immutabilitypolicies/default"] != nil
}
