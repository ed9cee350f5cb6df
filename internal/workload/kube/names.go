package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// domain begins the keys of our labels and annotations.
const domain = "terraform-mlops.github.io/"

// Labels of every object. A pod is found by project, kind and workload.
const (
	labelManagedBy = "app.kubernetes.io/managed-by"
	labelPartOf    = "app.kubernetes.io/part-of"
	labelName      = "app.kubernetes.io/name" // the object's name, unique within its kind
	labelKind      = domain + "kind"          // services, jobs, schedules, project
	labelRole      = domain + "role"          // on pods: control, jobs, serving
	labelTemplate  = domain + "template"      // on pods: hash of what made them
	labelVersion   = domain + "version"       // on pods: of the model that they serve

	managedBy = "mlops"
	// FieldManager owns what we apply.
	FieldManager = "mlops"
)

// Annotations of what was declared.
const (
	annotationPlace    = domain + "place"
	annotationWorkload = domain + "workload" // its name in our words
	annotationManifest = domain + "manifest"
	annotationApplied  = domain + "applied"     // Manifest.Hash
	annotationIdentity = domain + "incarnation" // of the owner
	annotationLog      = domain + "log-sequence"
	annotationSpec     = domain + "spec-sequence"
	// annotationFields are the fields that were sent, without this one: what a live object is compared with.
	annotationFields = domain + "fields"
)

// The longest names: a label of DNS, and what a CronJob leaves room for behind its name.
const (
	longestName         = 63
	longestScheduleName = 52
)

// objectName is the name of a workload's objects: a DNS label, the same for equal arguments, another for others. One that
// is too long is cut and ends with a hash of its whole.
func (p Placement) objectName(kind workload.Kind, name string) string {
	longest := longestName
	if kind == workload.KindSchedule {
		longest = longestScheduleName
	}
	return fit(p.prefix()+name, longest)
}

// prefix keeps the projects of one namespace apart.
func (p Placement) prefix() string {
	if p.NamePrefix != "" {
		return strings.TrimSuffix(p.NamePrefix, "-") + "-" + p.Project + "-"
	}
	return p.Project + "-"
}

// roleName is the name of a role's service account and of what belongs to it.
func (p Placement) roleName(of role) string { return fit(p.prefix()+"mlops-"+string(of), longestName) }

const hashLength = 10

func fit(name string, longest int) string {
	if len(name) <= longest {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return strings.TrimRight(name[:longest-hashLength-1], "-") + "-" + hex.EncodeToString(sum[:])[:hashLength]
}

// Endpoint is the stable address of a service within the cluster, known before anything is there.
func (p Placement) Endpoint(service string) string {
	return "http://" + p.objectName(workload.KindService, service) + "." + p.Namespace + ".svc.cluster.local"
}
