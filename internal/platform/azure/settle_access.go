package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/access"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// grants are the role assignments that a project needs for its identities and for the people who own it.
func (g *ground) grants(own mlops.Project, found map[string]identity) []access.Grant {
	places := access.Places{Container: g.of.place}
	if own.Azure.Telemetry != nil {
		places.Telemetry = own.Azure.Telemetry.ApplicationInsightsID
	}
	parties := access.Parties{
		Control: found["control"].Properties.PrincipalID, Jobs: found["jobs"].Properties.PrincipalID, Serving: found["serving"].Properties.PrincipalID,
	}
	for _, role := range slices.Sorted(maps.Keys(own.Owners)) {
		if owner := own.Owners[role]; owner.PrincipalID != "" {
			parties.People = append(parties.People, access.Person{
				ObjectID: owner.PrincipalID, Type: cmp.Or(owner.PrincipalType, access.User), Role: string(role),
			})
		}
	}
	return access.Needed(places, parties)
}

// federated are the credentials by which the service accounts of all clusters have the identities. left names, in sentences,
// clusters that say no issuer.
func (g *ground) federated(ctx context.Context, own mlops.Project) (wanted []access.Federated, left []string, err error) {
	ids := identityIDs(own.Azure.Identities)
	if len(ids) == 0 {
		return nil, nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(own.Azure.Clusters)) {
		subjects, issuer := placed(own, name).Subjects(), ""
		if id := own.Azure.Clusters[name].ID; id != "" {
			if issuer, err = g.of.session.issuer(ctx, id); err != nil {
				return nil, nil, inCluster(name, err)
			}
		}
		for _, role := range slices.Sorted(maps.Keys(ids)) {
			if issuer == "" {
				left = append(left, fmt.Sprintf("Cluster %q has no OIDC issuer that Azure knows: make a federated credential of %s for its issuer and subject %s by hand.",
					name, ids[role], subjects[role]))
				continue
			}
			wanted = append(wanted, access.Federated{IdentityID: ids[role], Issuer: issuer, Subject: subjects[role]})
		}
	}
	return wanted, left, nil
}

// issuer is the OIDC issuer of an AKS cluster, "" where it is switched off.
func (s *session) issuer(ctx context.Context, id string) (string, error) {
	var cluster struct {
		Properties struct {
			Issuer struct {
				URL string `json:"issuerURL"`
			} `json:"oidcIssuerProfile"`
		} `json:"properties"`
	}
	if err := s.resources.Get(ctx, id, clustersVersion, &cluster); err != nil {
		return "", fmt.Errorf("issuer of %s: %w", id, err)
	}
	return cluster.Properties.Issuer.URL, nil
}

// settleFederated makes the credentials where it may, else says which are missing. It removes those that the declaration
// before needed and this one does not.
func (g *ground) settleFederated(ctx context.Context, own mlops.Project) ([]string, error) {
	wanted, left, err := g.federated(ctx, own)
	if err != nil {
		return nil, err
	}
	if !manages(own) {
		missing, err := access.MissingFederated(ctx, g.of.session.resources, wanted)
		if err != nil {
			return append(left, fmt.Sprintf("Nobody has looked whether the federated credentials are there: %v.", err)), nil
		}
		for _, one := range missing {
			left = append(left, fmt.Sprintf("There is no %s: set manage_federated_credentials, or run %s", one, one.Command()))
		}
		return left, nil
	}
	if _, err := access.EnsureFederated(ctx, g.of.session.resources, wanted); err != nil {
		return left, err
	}
	before := g.of.before
	if before == nil || !manages(*before) {
		return left, nil
	}
	old, _, err := g.federated(ctx, *before)
	if errors.Is(err, mlops.ErrNotFound) { // a cluster that is gone; nobody can have its tokens any more
		return left, nil
	}
	if err != nil {
		return left, err
	}
	return left, access.RemoveFederated(ctx, g.of.session.resources, slices.DeleteFunc(old, func(one access.Federated) bool { return slices.Contains(wanted, one) }))
}

func manages(own mlops.Project) bool {
	return own.Azure.Identities != nil && own.Azure.Identities.ManageFederatedCredentials
}

// settleGrants makes the role assignments where it may, and revokes those of ours that nobody needs any more; else it says
// which are missing.
func (g *ground) settleGrants(ctx context.Context, own mlops.Project, found map[string]identity) ([]string, error) {
	needed, client := g.grants(own, found), g.of.session.resources
	if !own.Azure.ManageRoleAssignments {
		survey, err := access.Look(ctx, client, needed)
		if err != nil {
			return []string{fmt.Sprintf("Nobody has looked whether the role assignments are there: %v.", err)}, nil
		}
		var left []string
		for _, grant := range survey.Missing {
			left = append(left, fmt.Sprintf("There is no %s: set manage_role_assignments, or run %s", grant, grant.Command()))
		}
		return left, nil
	}
	if _, err := access.Ensure(ctx, client, needed); err != nil {
		return nil, err
	}
	return nil, g.revokeStale(ctx, needed)
}

func (g *ground) revokeStale(ctx context.Context, needed []access.Grant) error {
	stale, err := access.Stale(ctx, g.of.session.resources, g.of.place, needed)
	if err != nil {
		return err
	}
	return access.Revoke(ctx, g.of.session.resources, stale)
}

// accessSettled says whether what is managed is there. Where an identity or a cluster is gone, it is not.
func (g *ground) accessSettled(ctx context.Context, own mlops.Project) (bool, error) {
	settled, err := g.lookAtAccess(ctx, own)
	if errors.Is(err, mlops.ErrNotFound) {
		return false, nil
	}
	return settled, err
}

func (g *ground) lookAtAccess(ctx context.Context, own mlops.Project) (bool, error) {
	client := g.of.session.resources
	if manages(own) {
		wanted, _, err := g.federated(ctx, own)
		if err != nil {
			return false, err
		}
		if missing, err := access.MissingFederated(ctx, client, wanted); err != nil || len(missing) > 0 {
			return false, err
		}
	}
	if !own.Azure.ManageRoleAssignments {
		return true, nil
	}
	found, err := g.of.session.identities(ctx, own.Azure.Identities)
	if err != nil {
		return false, err
	}
	survey, err := access.Look(ctx, client, g.grants(own, found))
	return err == nil && len(survey.Missing) == 0, err
}

// clearAccess removes what is managed. An identity or a cluster that is gone already keeps nothing from going.
func (g *ground) clearAccess(ctx context.Context, own mlops.Project) error {
	client := g.of.session.resources
	if manages(own) {
		wanted, _, err := g.federated(ctx, own)
		if err == nil {
			err = access.RemoveFederated(ctx, client, wanted)
		}
		if err != nil && !errors.Is(err, mlops.ErrNotFound) {
			return err
		}
	}
	if !own.Azure.ManageRoleAssignments {
		return nil
	}
	found, err := g.of.session.identities(ctx, own.Azure.Identities)
	if err == nil {
		err = access.Revoke(ctx, client, g.grants(own, found))
	}
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return err
	}
	return g.revokeStale(ctx, nil)
}
