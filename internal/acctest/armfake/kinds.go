package armfake

import "net/http"

// Containers is the Kind of calls about containers of blobs.
const Containers = containerKind

// Types that have rules of their own, lower-cased.
const (
	groupKind      = "microsoft.insights/actiongroups"
	ruleKind       = "microsoft.insights/scheduledqueryrules"
	componentKind  = "microsoft.insights/components"
	accountKind    = "microsoft.storage/storageaccounts"
	containerKind  = accountKind + "/blobservices/containers"
	policyKind     = containerKind + "/immutabilitypolicies"
	clusterKind    = "microsoft.containerservice/managedclusters"
	assignmentKind = "microsoft.authorization/roleassignments"
	federatedKind  = identityKind + "/federatedidentitycredentials"
)

// check is what a service refuses about a body beyond its types.
func (f *Fake) check(before, next *resource) *failure {
	switch next.kind {
	case groupKind:
		return checkGroup(next)
	case ruleKind:
		return f.checkRule(next)
	case policyKind:
		return checkPolicy(before, next)
	case assignmentKind:
		return f.checkAssignment(before, next)
	case federatedKind:
		return f.checkFederated(next)
	case jobKind:
		return f.checkJob(before, next)
	case environmentKind:
		return checkEnvironment(before, next)
	}
	return nil
}

// deletable is what a service refuses to delete.
func (f *Fake) deletable(r *http.Request, found *resource) *failure {
	switch found.kind {
	case containerKind:
		return f.deletableContainer(found)
	case policyKind:
		return deletablePolicy(r, found)
	}
	return nil
}

// filled sets what a service adds to what was sent.
func (f *Fake) filled(found *resource) {
	if found.fill == nil {
		found.fill = map[string]any{}
	}
	switch found.kind {
	case groupKind:
		fillGroup(found)
	case ruleKind:
		found.fill["etag"] = found.tag()
		found.fill["properties.createdWithApiVersion"] = "2023-12-01"
		found.fill["properties.isLegacyLogAnalyticsRule"] = false
		found.fill["properties.isWorkspaceAlertsStorageConfigured"] = false
		found.fill["systemData"] = map[string]any{"createdAt": stamp(found.created)}
	case componentKind:
		f.fillComponent(found)
	case accountKind:
		fillAccount(found)
	case containerKind:
		f.fillContainer(found)
	case policyKind:
		fillPolicy(found)
		if container := f.resources[found.parent]; container != nil {
			f.fillContainer(container)
		}
	case assignmentKind:
		found.fill["properties.scope"] = found.id[:len(found.scope)]
		found.fill["properties.createdOn"] = stamp(found.created)
	case identityKind:
		f.fillIdentity(found)
	case clusterKind:
		f.fillCluster(found)
	case jobKind:
		f.fillJob(found)
	}
}

// once fills a value that must stay what it was.
func (r *resource) once(path string, value func() string) {
	if _, there := r.fill[path]; !there {
		r.fill[path] = value()
	}
}

func bad(code, message string) *failure { return &failure{Status: 400, Code: code, Message: message} }
func conflict(code, message string) *failure {
	return &failure{Status: 409, Code: code, Message: message}
}
