package access

import (
	"context"
	"path"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Stale are the assignments at a scope that Ensure made and that are not needed any more, as after an owner has left, also
// where an apply was interrupted before it revoked them. The scope must be one project's own: of a shared one the grants of
// other projects would be told too.
func Stale(ctx context.Context, client *arm.Client, scope string, needed []Grant) ([]Grant, error) {
	all, err := reaching(ctx, client, scope)
	if err != nil {
		return nil, err
	}
	var made []Grant
	for _, one := range all {
		grant := Grant{Scope: scope, Role: Role{ID: one.role()}, PrincipalID: one.Properties.PrincipalID, Condition: one.Properties.Condition, Who: "somebody"}
		if strings.EqualFold(path.Base(one.ID), grant.Name()) && mlops.SameARMID(one.ID, grant.ID()) {
			made = append(made, grant)
		}
	}
	return Gone(made, needed), nil
}
