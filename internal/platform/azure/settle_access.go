package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/access"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// grants are the role assignments that a project needs for its identities and for the people who own it.
func (g *ground) grants(own mlops.Project, found map[string]identity) []access.Grant {
	parties := access.Parties{
		Control: found["control"].Properties.PrincipalID, Jobs: found["jobs"].Properties.PrincipalID, Serving: found["serving"].Properties.PrincipalID,
		People: people(own),
	}
	return access.Needed(g.places(own), parties)
}

// people are the owners and requesters who have an identity, each once.
func people(own mlops.Project) []access.Person {
	var people []access.Person
	add := func(id, kind, who string) {
		twice := slices.ContainsFunc(people, func(one access.Person) bool { return strings.EqualFold(one.ObjectID, id) })
		if id != "" && !twice {
			people = append(people, access.Person{ObjectID: id, Type: cmp.Or(kind, access.User), Role: who})
		}
	}
	for _, role := range slices.Sorted(maps.Keys(own.Owners)) {
		add(own.Owners[role].PrincipalID, own.Owners[role].PrincipalType, string(role))
	}
	for _, name := range slices.Sorted(maps.Keys(own.Azure.Requesters)) {
		requester := own.Azure.Requesters[name]
		add(requester.PrincipalID, cmp.Or(requester.PrincipalType, access.ServicePrincipal), name)
	}
	return people
}

// freshFor is how long a role assignment that was made just now is waited for, at most: the resource's timeout ends it before.
const freshFor = 10 * time.Minute

// applier are the role assignments that whoever applies needs to write what is declared; none with a shared key. The right to
// read roles or to grant them may be missing where nothing has to be granted: the store says then whether it is let in.
func (g *ground) applier(ctx context.Context, own mlops.Project) ([]access.Grant, error) {
	if !own.Azure.ManageRoleAssignments || g.of.session.accountKey != "" {
		return nil, nil
	}
	self, err := g.of.session.self(ctx)
	if err != nil {
		return nil, err
	}
	kind := access.User
	if self.Application {
		kind = access.ServicePrincipal
	}
	return access.Needed(g.places(own), access.Parties{Terraform: self.ObjectID, TerraformType: kind}), nil
}

func (g *ground) grantApplier(ctx context.Context, own mlops.Project) error {
	grants, err := g.applier(ctx, own)
	if err != nil {
		return err
	}
	fresh, err := access.Ensure(ctx, g.of.session.resources, grants)
	if err != nil && !arm.Forbidden(err) {
		return err
	}
	if fresh {
		g.of.store.AwaitAccess(time.Now().Add(freshFor))
	}
	return nil
}

// federated are the credentials by which the service accounts of all clusters have the identities. left names, in sentences,
// clusters that say no issuer.
func (g *ground) federated(ctx context.Context, own mlops.Project) (wanted credentials, left []string, err error) {
	ids := identityIDs(own.Azure.Identities)
	if wanted = (credentials{}); len(ids) == 0 {
		return wanted, nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(own.Azure.Clusters)) {
		some, without, err := g.federatedIn(ctx, own, name, ids)
		if err != nil {
			return nil, nil, inCluster(name, err)
		}
		wanted[name], left = some, append(left, without...)
	}
	return wanted, left, nil
}

// credentials are federated credentials by the name of the cluster.
type credentials map[string][]access.Federated

// all are those of every cluster, each once.
func (c credentials) all() []access.Federated {
	var all []access.Federated
	for _, name := range slices.Sorted(maps.Keys(c)) {
		all = merged(all, c[name])
	}
	return all
}

func (g *ground) federatedIn(ctx context.Context, own mlops.Project, name string, ids map[string]string) (wanted []access.Federated, left []string, err error) {
	subjects, issuer := placed(own, name).Subjects(), ""
	if id := own.Azure.Clusters[name].ID; id != "" {
		if issuer, err = g.of.session.issuer(ctx, id); err != nil {
			return nil, nil, err
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

// settleFederated makes the credentials where it may, else says which are missing.
func (g *ground) settleFederated(ctx context.Context, own mlops.Project) ([]string, error) {
	wanted, left, err := g.federated(ctx, own)
	if err != nil {
		return nil, err
	}
	if !manages(own) {
		missing, err := access.MissingFederated(ctx, g.of.session.resources, wanted.all())
		if err != nil {
			return append(left, fmt.Sprintf("Nobody has looked whether the federated credentials are there: %v.", err)), nil
		}
		for _, one := range missing {
			left = append(left, fmt.Sprintf("There is no %s: set manage_federated_credentials, or run %s", one, one.Command()))
		}
		return left, nil
	}
	return left, g.ensureFederated(ctx, own, wanted)
}

// ensureFederated writes down what it is about to make, makes it, and removes what it made before and nobody needs now.
// Credentials of stands that were left go with those.
func (g *ground) ensureFederated(ctx context.Context, own mlops.Project, wanted credentials) error {
	declared, _, err := g.declared(ctx, own)
	if err != nil {
		return err
	}
	note := func(what func(stand, []access.Federated) []access.Federated) error {
		return g.of.stands.change(ctx, func(known []stand) []stand {
			for i, one := range known {
				for _, stands := range declared {
					if one.same(stands) {
						known[i].Federated = what(one, wanted[stands.Name])
					}
				}
			}
			return known
		})
	}
	if err := note(func(one stand, now []access.Federated) []access.Federated {
		return merged(slices.Clone(now), one.Federated)
	}); err != nil {
		return err
	}
	if _, err := access.EnsureFederated(ctx, g.of.session.resources, wanted.all()); err != nil {
		return err
	}
	var needless []access.Federated
	for _, one := range declared {
		needless = merged(needless, one.Federated)
	}
	needless = slices.DeleteFunc(needless, func(one access.Federated) bool { return slices.Contains(wanted.all(), one) })
	if err := access.RemoveFederated(ctx, g.of.session.resources, needless); err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return err
	}
	return note(func(_ stand, now []access.Federated) []access.Federated { return now })
}

func manages(own mlops.Project) bool {
	return own.Azure.Identities != nil && own.Azure.Identities.ManageFederatedCredentials
}

// settleGrants makes the role assignments where it may, and revokes those of ours that nobody needs any more; else it says
// which are missing.
func (g *ground) settleGrants(ctx context.Context, own mlops.Project, found map[string]identity) ([]string, error) {
	needed, client := g.grants(own, found), g.of.session.resources
	var left []string
	if len(people(own)) == 0 {
		left = []string{"No owner or requester has a principal_id, so nobody can ask for anything or approve it: give one to those who may."}
	}
	survey, err := access.Look(ctx, client, needed)
	switch {
	case err != nil && own.Azure.ManageRoleAssignments:
		return left, err
	case err != nil:
		return append(left, fmt.Sprintf("Nobody has looked whether the role assignments are there: %v.", err)), nil
	}
	left = append(left, wider(survey)...)
	if !own.Azure.ManageRoleAssignments {
		for _, grant := range survey.Missing {
			left = append(left, fmt.Sprintf("There is no %s: set manage_role_assignments, or run %s", grant, grant.Command()))
		}
		return left, nil
	}
	if _, err := access.Make(ctx, client, survey.Missing); err != nil {
		return left, err
	}
	return left, g.revokeStale(ctx, own, needed)
}

// wider warns of roles that reach the project from above and undo what it grants.
func wider(survey access.Survey) []string {
	var left []string
	for _, found := range survey.Wider {
		left = append(left, "Roles are not enforced against everybody: "+found+". Remove that assignment, or give it a narrower scope or a condition.")
	}
	return left
}

// revokeStale removes what nobody needs any more in the project's containers, those that it had before among them. Whoever
// applied before keeps what lets him apply again.
func (g *ground) revokeStale(ctx context.Context, own mlops.Project, needed []access.Grant) error {
	scopes := g.containers(own)
	if g.of.before != nil {
		for _, id := range g.containers(*g.of.before) {
			if !slices.ContainsFunc(scopes, func(scope string) bool { return mlops.SameARMID(scope, id) }) {
				scopes = append(scopes, id)
			}
		}
	}
	stale, err := g.stale(ctx, scopes, needed)
	if err != nil {
		return err
	}
	others, _ := split(stale)
	return access.Revoke(ctx, g.of.session.resources, others)
}

// stale are the assignments at scopes that were made and are not needed.
func (g *ground) stale(ctx context.Context, scopes []string, needed []access.Grant) ([]access.Grant, error) {
	var all []access.Grant
	for _, scope := range scopes {
		found, err := access.Stale(ctx, g.of.session.resources, scope, needed)
		if err != nil && !errors.Is(err, mlops.ErrNotFound) {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// split tells what appliers need to write what is declared from all else.
func split(grants []access.Grant) (others, appliers []access.Grant) {
	for _, grant := range grants {
		if access.OfApplier(grant) {
			appliers = append(appliers, grant)
		} else {
			others = append(others, grant)
		}
	}
	return others, appliers
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
		if missing, err := access.MissingFederated(ctx, client, wanted.all()); err != nil || len(missing) > 0 {
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

// clearAccess removes what is managed, but for the roles of those who apply, which it returns. An identity or a cluster that is
// gone already keeps nothing from going.
func (g *ground) clearAccess(ctx context.Context, own mlops.Project) (appliers []access.Grant, err error) {
	client := g.of.session.resources
	if manages(own) {
		wanted, _, err := g.federated(ctx, own)
		if err == nil {
			err = access.RemoveFederated(ctx, client, wanted.all())
		}
		if err != nil && !errors.Is(err, mlops.ErrNotFound) {
			return nil, err
		}
	}
	if !own.Azure.ManageRoleAssignments {
		return nil, nil
	}
	found, err := g.of.session.identities(ctx, own.Azure.Identities)
	if err == nil {
		err = access.Revoke(ctx, client, g.grants(own, found))
	}
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return nil, err
	}
	stale, err := g.stale(ctx, g.containers(own), nil)
	if err != nil {
		return nil, err
	}
	others, appliers := split(stale)
	return appliers, access.Revoke(ctx, client, others)
}
