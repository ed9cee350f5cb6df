package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// objects are the live objects of one workload.
type objects struct {
	kind       workload.Kind
	name       string
	objectName string
	primary    object
	secondary  map[Resource]object
}

// manifest is what was declared last. One that a hand edit has spoilt names the workload and no more.
func (o objects) manifest() workload.Manifest {
	var declared workload.Manifest
	err := json.Unmarshal([]byte(o.primary.meta().Annotations[annotationManifest]), &declared)
	if err != nil || declared.Kind != o.kind || declared.Name != o.name || declared.Check() != nil {
		return workload.Manifest{Kind: o.kind, Name: o.name}
	}
	return declared
}

// appliedHash is that of the last write, "" where what lives is something else.
func (o objects) appliedHash() string {
	if len(edits(o.primary.meta().Annotations[annotationFields], o.primary)) > 0 {
		return ""
	}
	return o.primary.meta().Annotations[annotationApplied]
}

// edited lists what differs from what was sent, in all objects; what is missing and what should not be there too.
func (o objects) edited() []string {
	found := edits(o.primary.meta().Annotations[annotationFields], o.primary)
	declared := o.manifest()
	if declared.Service == nil {
		return found
	}
	wanted := map[Resource]bool{
		Services: declared.Service.Port != "", DisruptionBudgets: declared.Service.Port != "", Autoscalers: declared.Service.Autoscaling != nil,
	}
	for _, resource := range secondaryOfServices {
		live, there := o.secondary[resource]
		switch {
		case wanted[resource] && !there:
			found = append(found, "there is no "+resource.Kind)
		case !wanted[resource] && there:
			found = append(found, "there is a "+resource.Kind)
		case there:
			for _, field := range edits(live.meta().Annotations[annotationFields], live) {
				found = append(found, resource.Kind+" "+field)
			}
		}
	}
	return found
}

// revision changes with what is declared and with every edit of it, and not with the cluster's own notes (status), which
// would be in the way of every writer while pods start.
func (o objects) revision() string {
	meta := o.primary.meta()
	return strconv.FormatInt(meta.Generation, 10) + "-" + o.annotationsHash()
}

func (o objects) annotationsHash() string {
	meta := o.primary.meta()
	sum := sha256.New()
	fmt.Fprintln(sum, meta.UID)
	for _, key := range []string{annotationManifest, annotationApplied, annotationIdentity, annotationLog, annotationSpec, annotationFields} {
		fmt.Fprintf(sum, "%q\n", meta.Annotations[key])
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// owns says that an object is this project's, and this workload's.
func (c *Client) owns(o object, name string) bool {
	meta := o.meta()
	return c.ownsProject(o) && meta.Annotations[annotationWorkload] == name
}

func (c *Client) ownsProject(o object) bool {
	meta := o.meta()
	return meta.Labels[labelManagedBy] == managedBy && meta.Labels[labelPartOf] == c.placement.Project &&
		strings.EqualFold(meta.Annotations[annotationPlace], c.placement.Place)
}

// foreign says whose an object is that has the name we need.
func (c *Client) foreign(o object) error {
	meta := o.meta()
	kind, _ := o["kind"].(string)
	owner := "somebody else"
	if meta.Labels[labelManagedBy] == managedBy {
		owner = fmt.Sprintf("project %s at %s", meta.Labels[labelPartOf], meta.Annotations[annotationPlace])
	} else {
		var managers []string
		for _, entry := range meta.ManagedFields {
			if entry.Subresource == "" && !slices.Contains(managers, strconv.Quote(entry.Manager)) {
				managers = append(managers, strconv.Quote(entry.Manager))
			}
		}
		if len(managers) > 0 {
			owner = strings.Join(managers, ", ")
		}
	}
	return fmt.Errorf("%w: %s %s in namespace %s belongs to %s: choose another name_prefix, or remove it",
		mlops.ErrExists, kind, meta.Name, meta.Namespace, owner)
}
