package platform

import (
	"fmt"
	"regexp"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

var keyPattern = regexp.MustCompile(`^[a-z0-9TZ_-][a-z0-9TZ._-]*(/[a-z0-9TZ_-][a-z0-9TZ._-]*)*$`)

// IsKey says whether a name can be that of a document; what other programs leave in a store cannot.
func IsKey(name string) bool { return keyPattern.MatchString(name) }

// CheckKey is mlops.ErrInvalid where a name can be that of no document.
func CheckKey(name string) error {
	if !IsKey(name) {
		return fmt.Errorf("%w: key %q: keys are made of [a-z0-9._/-], and T and Z of times, and no part begins with a dot", mlops.ErrInvalid, name)
	}
	return nil
}
