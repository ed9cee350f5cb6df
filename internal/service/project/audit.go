package project

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// planAudit says before an apply what nobody can undo after it.
func planAudit(plan *envelope.Plan[model]) {
	if plan.Unknown("azure") || plan.Unknown("azure", "store") || plan.Unknown("azure", "store", "audit") {
		return
	}
	before, now := mlops.AzureAudit{}, auditOf(plan.Model)
	if plan.Prior != nil {
		before = auditOf(*plan.Prior)
	}
	at := path.Root("azure").AtName("store").AtName("audit")
	same := before.Container == now.Container
	switch {
	case now.Locked && (!same || !before.Locked):
		plan.Warn("A lock that cannot be undone", fmt.Sprintf(
			"azure.store.audit.locked locks the immutability policy of container %q: from this apply on nobody, Microsoft included, can shorten it or remove it, "+
				"and a destroy leaves the container until its last blob is %d days old.", now.Container, now.RetentionDays))
	case same && before.Locked && !now.Locked && now.Container != "" && !plan.Unknown("azure", "store", "audit", "locked"):
		plan.Refuse(at.AtName("locked"), "Invalid project", "The immutability policy is locked, and Azure has no way back: set locked = true.")
	case same && before.Locked && now.RetentionDays < before.RetentionDays && !plan.Unknown("azure", "store", "audit", "retention_days"):
		plan.Refuse(at.AtName("retention_days"), "Invalid project", fmt.Sprintf(
			"The immutability policy is locked at %d days and can only be extended: set retention_days to %d or more.", before.RetentionDays, before.RetentionDays))
	case before.Container != "" && !same:
		plan.Warn("The old audit container stays", fmt.Sprintf(
			"Container %q keeps the audit heads that are in it, and nothing looks at them any more: `mlops audit verify` compares with those of the new place alone.", before.Container))
	}
}

func auditOf(m model) mlops.AzureAudit {
	own := expand(m)
	if own.Azure == nil || own.Azure.Store.Audit == nil {
		return mlops.AzureAudit{}
	}
	return *own.Azure.Store.Audit
}
