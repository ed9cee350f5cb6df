package container

import (
	"context"
	"errors"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const policyPath = "/immutabilityPolicies/default"

// Is says whether a container has a policy that is the one that is wanted; nil is none.
func (p *Policy) Is(days int64, locked bool) bool {
	return p != nil && p.Days == days && p.Locked == locked
}

// Check says what cannot be: a locked policy is neither unlocked nor shortened. A plan asks before an apply does.
func (p Policy) Check(wanted Policy) error {
	switch {
	case p.Locked && !wanted.Locked:
		return fmt.Errorf("%w: the immutability policy is locked, and Azure has no way back: set locked = true", mlops.ErrInvalid)
	case p.Locked && wanted.Days < p.Days:
		return fmt.Errorf("%w: the immutability policy is locked at %d days and can only be extended: set retention_days to %d or more", mlops.ErrInvalid, p.Days, p.Days)
	}
	return nil
}

// EnsurePolicy gives a container that exists an immutability policy, and locks it only where that is wanted. A step whose
// reply was lost, or that somebody else took, is seen and not taken again.
func EnsurePolicy(ctx context.Context, client *arm.Client, id string, wanted Policy) error {
	var last error
	for range 4 { // put, lock or extend, and as many again for lost replies
		state, err := Read(ctx, client, id)
		if err != nil {
			return err
		}
		if !state.Exists {
			return fmt.Errorf("container %s: %w", id, mlops.ErrNotFound)
		}
		has := state.Policy
		if has != nil {
			if err := has.Check(wanted); err != nil {
				return fmt.Errorf("container %s: %w", id, err)
			}
			if has.Days == wanted.Days && has.Locked == wanted.Locked {
				return nil
			}
		}
		if last = step(ctx, client, id, has, wanted); last != nil && !errors.Is(last, mlops.ErrConflict) {
			return fmt.Errorf("container %s: immutability policy: %w", id, last)
		}
	}
	if last == nil {
		return nil
	}
	return fmt.Errorf("container %s: immutability policy: %w", id, last)
}

// step is one write that brings the policy nearer to what is wanted.
func step(ctx context.Context, client *arm.Client, id string, has *Policy, wanted Policy) error {
	period := map[string]any{"properties": policyProperties{Days: wanted.Days}}
	switch {
	case has == nil:
		return client.Put(ctx, id+policyPath, Version, period, nil, arm.Condition{})
	case has.Locked:
		return client.Post(ctx, id+policyPath, "extend", Version, period, nil, arm.Condition{IfMatch: has.etag})
	case has.Days != wanted.Days:
		return client.Put(ctx, id+policyPath, Version, period, nil, arm.Condition{IfMatch: has.etag})
	default:
		return client.Post(ctx, id+policyPath, "lock", Version, nil, nil, arm.Condition{IfMatch: has.etag})
	}
}
