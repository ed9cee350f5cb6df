package arm

import (
	"context"
	"time"
)

// Delays between tries of what a fresh role assignment is to allow.
const (
	firstFreshDelay = 2 * time.Second
	longestDelay    = 30 * time.Second
)

// AfterGrant does what a role assignment that was made a moment ago allows, again and again while it is refused: a new
// assignment takes minutes to act. forbidden says which errors are such a refusal. It ends with ctx, and returns the last
// refusal then. Without fresh it tries once: somebody else's missing role does not appear by waiting.
func AfterGrant(ctx context.Context, fresh bool, forbidden func(error) bool, do func(context.Context) error) error {
	for delay := firstFreshDelay; ; delay = min(2*delay, longestDelay) {
		err := do(ctx)
		if err == nil || !fresh || !forbidden(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(delay):
		}
	}
}
