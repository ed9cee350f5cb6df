package kube

import (
	"encoding/json"
	"fmt"
	"maps"

	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Resource is a kind of object and where the API server serves it.
type Resource struct {
	APIVersion string // "apps/v1"
	Kind       string // "Deployment"
	Plural     string // "deployments"
	Cluster    bool   // belongs to no namespace
}

// The kinds of objects that we make.
var (
	Deployments         = Resource{APIVersion: "apps/v1", Kind: "Deployment", Plural: "deployments"}
	Services            = Resource{APIVersion: "v1", Kind: "Service", Plural: "services"}
	Autoscalers         = Resource{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler", Plural: "horizontalpodautoscalers"}
	DisruptionBudgets   = Resource{APIVersion: "policy/v1", Kind: "PodDisruptionBudget", Plural: "poddisruptionbudgets"}
	Jobs                = Resource{APIVersion: "batch/v1", Kind: "Job", Plural: "jobs"}
	CronJobs            = Resource{APIVersion: "batch/v1", Kind: "CronJob", Plural: "cronjobs"}
	ServiceAccounts     = Resource{APIVersion: "v1", Kind: "ServiceAccount", Plural: "serviceaccounts"}
	Roles               = Resource{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role", Plural: "roles"}
	RoleBindings        = Resource{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding", Plural: "rolebindings"}
	NetworkPolicies     = Resource{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Plural: "networkpolicies"}
	Namespaces          = Resource{APIVersion: "v1", Kind: "Namespace", Plural: "namespaces", Cluster: true}
	pods                = Resource{APIVersion: "v1", Kind: "Pod", Plural: "pods"}
	primaryResources    = map[workload.Kind]Resource{workload.KindService: Deployments, workload.KindJob: Jobs, workload.KindSchedule: CronJobs}
	secondaryOfServices = []Resource{Services, Autoscalers, DisruptionBudgets}
)

// Object is one object of the cluster, with the fields that we want to own and no others.
type Object struct {
	Resource Resource
	Name     string
	// Fields is the apply configuration as a tree of JSON.
	Fields map[string]any
}

// newObject takes a typed apply configuration, the record of its fields included.
func newObject(resource Resource, name string, configuration any) (Object, error) {
	fields, err := tree(configuration)
	if err != nil {
		return Object{}, fmt.Errorf("%s %s: %w", resource.Kind, name, err)
	}
	object := Object{Resource: resource, Name: name, Fields: fields}
	record, err := json.Marshal(fields)
	if err != nil {
		return Object{}, fmt.Errorf("%s %s: %w", resource.Kind, name, err)
	}
	object.annotate(annotationFields, string(record))
	return object, nil
}

// annotate adds an annotation that is no part of the record.
func (o Object) annotate(key, value string) {
	metadata, _ := o.Fields["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	annotations = maps.Clone(annotations)
	if annotations == nil {
		annotations = map[string]any{}
	}
	annotations[key] = value
	metadata["annotations"] = annotations
}

// with returns a copy that says which state of the object it was made for; see mustBeNew.
func (o Object) with(uid, resourceVersion string) Object {
	fields := maps.Clone(o.Fields)
	metadata, _ := fields["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	if uid != "" {
		metadata["uid"] = uid
	}
	metadata["resourceVersion"] = resourceVersion
	fields["metadata"] = metadata
	o.Fields = fields
	return o
}

// tree is a value as JSON decodes it.
func tree(value any) (map[string]any, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	return fields, json.Unmarshal(content, &fields)
}

// objectMeta is the metadata of every object of a project.
func (p Placement) objectMeta(name, kind string, annotations map[string]string) *metaapply.ObjectMetaApplyConfiguration {
	meta := metaapply.ObjectMeta().WithName(name).WithNamespace(p.Namespace).WithLabels(p.labels(name, kind)).
		WithAnnotations(p.Annotations).WithAnnotations(map[string]string{annotationPlace: p.Place})
	return meta.WithAnnotations(annotations)
}

// labels are ours over the project's own.
func (p Placement) labels(name, kind string) map[string]string {
	labels := maps.Clone(p.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, map[string]string{labelManagedBy: managedBy, labelPartOf: p.Project})
	maps.Copy(labels, selector(name, kind))
	return labels
}

// selector finds the pods of one workload.
func selector(name, kind string) map[string]string {
	return map[string]string{labelName: name, labelKind: kind}
}
