package azure

import (
	"context"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/kube"
)

// identitiesVersion is of the management API of user-assigned identities.
const identitiesVersion = "2023-01-31"

// identity is a user-assigned identity as Azure tells it.
type identity struct {
	Properties struct {
		ClientID    string `json:"clientId"`
		PrincipalID string `json:"principalId"` // object id
		TenantID    string `json:"tenantId"`
	} `json:"properties"`
}

// identities asks for the project's, by role.
func (s *session) identities(ctx context.Context, declared *mlops.AzureIdentities) (map[string]identity, error) {
	found := map[string]identity{}
	for role, id := range identityIDs(declared) {
		var one identity
		if err := s.resources.Get(ctx, id, identitiesVersion, &one); err != nil {
			return nil, fmt.Errorf("identity of %s, %s: %w", role, id, err)
		}
		if one.Properties.ClientID == "" || one.Properties.PrincipalID == "" {
			return nil, fmt.Errorf("identity of %s, %s: %w: it has no client id yet: apply again", role, id, mlops.ErrInvalid)
		}
		found[role] = one
	}
	return found, nil
}

// identityIDs are the ARM IDs of those that are declared, by role.
func identityIDs(declared *mlops.AzureIdentities) map[string]string {
	ids := map[string]string{}
	if declared == nil {
		return ids
	}
	for role, id := range map[string]string{"control": declared.Control, "jobs": declared.Jobs, "serving": declared.Serving} {
		if id != "" {
			ids[role] = id
		}
	}
	return ids
}

// clientIDs are what service accounts name.
func clientIDs(found map[string]identity) kube.Identities {
	ids := kube.Identities{Control: found["control"].Properties.ClientID, Jobs: found["jobs"].Properties.ClientID, Serving: found["serving"].Properties.ClientID}
	for _, one := range found {
		ids.TenantID = one.Properties.TenantID
	}
	return ids
}
