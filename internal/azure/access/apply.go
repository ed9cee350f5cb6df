package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Version of the authorization API that is sent.
const Version = "2022-04-01"

// assignment is a role assignment as the API tells it, and what is sent of it.
type assignment struct {
	ID         string               `json:"id,omitempty"`
	Properties assignmentProperties `json:"properties"`
}

type assignmentProperties struct {
	RoleDefinitionID string `json:"roleDefinitionId"`
	PrincipalID      string `json:"principalId"`
	PrincipalType    string `json:"principalType,omitempty"`
	Condition        string `json:"condition,omitempty"`
	ConditionVersion string `json:"conditionVersion,omitempty"`
	Scope            string `json:"scope,omitempty"` // read-only
}

func (a assignment) role() string { return strings.ToLower(path.Base(a.Properties.RoleDefinitionID)) }

// satisfies says whether an assignment that reaches the grant's scope gives what the grant needs. Somebody else's without a
// condition gives it too: that it gives more is said by Survey.
func (a assignment) satisfies(g Grant) bool {
	if mlops.SameARMID(a.ID, g.ID()) {
		return a.Properties.Condition == g.Condition
	}
	if !strings.EqualFold(a.Properties.PrincipalID, g.PrincipalID) || a.Properties.Condition != "" && a.Properties.Condition != g.Condition {
		return false
	}
	wider := a.role() == blobOwner.ID && (g.Role == BlobContributor || g.Role == BlobReader) || a.role() == BlobContributor.ID && g.Role == BlobReader
	return a.role() == g.Role.ID || wider
}

// Survey is what role assignments say of the grants that are needed.
type Survey struct {
	Missing []Grant
	// Wider are assignments by which somebody can write anywhere at a scope who should not: he could forge what others say.
	Wider []string
}

// Look reads the assignments that reach each scope, one list a scope.
func Look(ctx context.Context, client *arm.Client, grants []Grant) (Survey, error) {
	var survey Survey
	byScope := map[string][]assignment{}
	for _, grant := range grants {
		found, read := byScope[grant.Scope]
		if !read {
			var err error
			if found, err = reaching(ctx, client, grant.Scope); err != nil {
				return survey, err
			}
			byScope[grant.Scope] = found
			survey.Wider = append(survey.Wider, wider(grant.Scope, found, grants)...)
		}
		if !slices.ContainsFunc(found, func(one assignment) bool { return one.satisfies(grant) }) {
			survey.Missing = append(survey.Missing, grant)
		}
	}
	return survey, nil
}

// wider finds who can write anywhere at a scope and is not granted that. Ours without their condition do not count: Ensure
// bounds them again.
func wider(scope string, found []assignment, grants []Grant) []string {
	var wide []string
	for _, one := range found {
		if writes := one.role() == blobOwner.ID || one.role() == BlobContributor.ID; !writes || one.Properties.Condition != "" {
			continue
		}
		who, expected := "somebody", false
		for _, grant := range grants {
			if grant.Scope != scope || !strings.EqualFold(grant.PrincipalID, one.Properties.PrincipalID) {
				continue
			}
			who = grant.Who
			expected = expected || grant.Role == BlobContributor && grant.Condition == "" || mlops.SameARMID(one.ID, grant.ID())
		}
		if !expected {
			wide = append(wide, fmt.Sprintf("%s (object id %s) can write anywhere in %s by %s", who, one.Properties.PrincipalID, scope, one.ID))
		}
	}
	return wide
}

// reaching lists the assignments at a scope and above it.
func reaching(ctx context.Context, client *arm.Client, scope string) ([]assignment, error) {
	var found []assignment
	err := client.List(ctx, scope+"/providers/Microsoft.Authorization/roleAssignments", Version, url.Values{"$filter": {"atScope()"}}, func(data json.RawMessage) error {
		var one assignment
		err := json.Unmarshal(data, &one)
		found = append(found, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("role assignments on %s: %w", scope, err)
	}
	return found, nil
}

// Ensure makes the grants that are missing, and says whether it made any: then what they allow is refused for some minutes
// (arm.AfterGrant).
func Ensure(ctx context.Context, client *arm.Client, grants []Grant) (fresh bool, err error) {
	survey, err := Look(ctx, client, grants)
	if err != nil {
		return false, err
	}
	return Make(ctx, client, survey.Missing)
}

// Make makes grants that Look has not found, and says whether it made any.
func Make(ctx context.Context, client *arm.Client, missing []Grant) (fresh bool, err error) {
	for _, grant := range missing {
		body := assignment{Properties: assignmentProperties{
			RoleDefinitionID: grant.definition(), PrincipalID: grant.PrincipalID, PrincipalType: grant.principalType(), Condition: grant.Condition,
		}}
		if grant.Condition != "" {
			body.Properties.ConditionVersion = "2.0"
		}
		err := client.Put(ctx, grant.ID(), Version, body, nil, arm.Condition{})
		var refused *arm.Error
		if errors.As(err, &refused) && refused.Code == "RoleAssignmentExists" {
			// Not ours, and with another condition, or Look had seen it.
			return fresh, fmt.Errorf("%s: there is one already, under another name and with another condition; remove that one: %w", grant, err)
		}
		if err != nil {
			return fresh, fmt.Errorf("%s: %w", grant, err)
		}
		fresh = true
	}
	return fresh, nil
}

// Revoke removes the assignments that Ensure made, and no others. One that is not there is no error.
func Revoke(ctx context.Context, client *arm.Client, grants []Grant) error {
	var faults []error
	for _, grant := range grants {
		if err := client.Delete(ctx, grant.ID(), Version, arm.Condition{}); err != nil && !errors.Is(err, mlops.ErrNotFound) {
			faults = append(faults, fmt.Errorf("remove %s: %w", grant, err))
		}
	}
	return errors.Join(faults...)
}

// Gone are the grants of before that are not needed any more: an owner who was removed, say.
func Gone(before, now []Grant) []Grant {
	needed := map[string]bool{}
	for _, grant := range now {
		needed[grant.ID()] = true
	}
	var gone []Grant
	for _, grant := range before {
		if !needed[grant.ID()] {
			gone = append(gone, grant)
		}
	}
	return gone
}
