package armfake

import (
	"fmt"
	"time"
)

// checkFederated is what the service demands of federated credentials: one write at a time for an identity, at most twenty,
// no two alike. No published type judges them. It lets others in while it works.
func (f *Fake) checkFederated(next *resource) *failure {
	if f.busy[next.parent] {
		return conflict("ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
			"Too many Federated Identity Credentials are written concurrently for the managed identity. Concurrent writes under the same managed identity are not supported.")
	}
	f.busy[next.parent] = true
	f.lock.Unlock()
	time.Sleep(10 * time.Millisecond) // so that two that are sent together do meet
	f.lock.Lock()
	delete(f.busy, next.parent)

	properties := next.properties()
	audiences, _ := properties["audiences"].([]any)
	if text(properties["issuer"]) == "" || text(properties["subject"]) == "" || len(audiences) != 1 {
		return bad("BadRequest", "A federated credential has an issuer, a subject and one audience.")
	}
	siblings := 0
	for _, other := range f.resources {
		if other.kind != federatedKind || other.parent != next.parent || other.key == next.key {
			continue
		}
		siblings++
		if other.properties()["issuer"] == properties["issuer"] && other.properties()["subject"] == properties["subject"] {
			return conflict("Conflict", fmt.Sprintf("Issuer and subject combination already exists for this Managed Identity: '%s'.", other.name))
		}
	}
	if siblings >= 20 {
		return bad("BadRequest", "A managed identity has at most 20 federated credentials.")
	}
	return nil
}
