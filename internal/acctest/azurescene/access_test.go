package azurescene_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// A role that the apply itself has given is refused for a while, and waited for; one that is missing otherwise is named, and so is
// a closed firewall, each with what to do.
func TestRolesOfWhoApplies(t *testing.T) {
	all := governed(t)
	scene := all.scene
	unmanaged := strings.Replace(all.config, "    store = {", "    manage_role_assignments = false\n    store = {", 1)
	scene.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: unmanaged, ExpectError: regexp.MustCompile(`(?s)no\s+right.*Storage\s+Blob\s+Data\s+Contributor.*containers/governed`)},
			{PreConfig: func() { scene.Cloud.DelayAssignments(4) }, Config: all.config},
			{PreConfig: func() { scene.Cloud.DelayAssignments(0) }, Config: all.config, ConfigPlanChecks: empty},
			{
				PreConfig: func() { scene.Gate.CloseFirewall(true) }, Config: all.config,
				ExpectError: regexp.MustCompile(`(?s)firewall.*private\s+agent`),
			},
			{PreConfig: func() { scene.Gate.CloseFirewall(false) }, Config: all.config, ConfigPlanChecks: empty},
		},
	})
}

// A lock is warned of, kept by a destroy that says until when, and never undone.
func TestLockedAuditContainerOutlivesItsProject(t *testing.T) {
	all := governed(t)
	locked := strings.Replace(all.config, "retention_days = 7 }", "retention_days = 7, locked = true }", 1)
	shorter := strings.Replace(locked, "retention_days = 7,", "retention_days = 6,", 1)
	longer := strings.Replace(locked, "retention_days = 7,", "retention_days = 8,", 1)
	audit := all.scene.Place("governed-audit")
	all.scene.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: locked},
			{Config: all.config, ExpectError: regexp.MustCompile(`Azure\s+has\s+no\s+way\s+back`)},
			{Config: shorter, ExpectError: regexp.MustCompile(`set\s+retention_days\s+to\s+7\s+or\s+more`)},
			{Config: longer},
			{Config: longer, ConfigPlanChecks: empty},
		},
		CheckDestroy: func(*terraform.State) error {
			if all.scene.Cloud.Get(audit) == nil {
				return errors.New("the container under a locked policy is gone")
			}
			return nil
		},
	})
}
