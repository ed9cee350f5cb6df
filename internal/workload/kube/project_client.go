package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/yaml"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// ApplyProject makes a project's own objects what they should be. An object of somebody else that has a name of ours, the
// namespace too, is mlops.ErrExists.
func (c *Client) ApplyProject(ctx context.Context, options ProjectOptions) error {
	objects, err := Project(c.placement, options)
	if err != nil {
		return err
	}
	for _, wanted := range objects {
		if err := c.applyOwn(ctx, wanted); err != nil {
			return fmt.Errorf("project %s: %w", c.placement.Project, err)
		}
	}
	if options.IncomingAlerts {
		return nil
	}
	// What once let callers in closes.
	return c.removeBeside(ctx, NetworkPolicies, *c.placement.networkPolicy(policyAlerts).Name, c.ownsProject)
}

func (c *Client) applyOwn(ctx context.Context, wanted Object) error {
	for try := 1; ; try++ {
		current, err := c.current(ctx, wanted)
		if err != nil {
			return err
		}
		if current != nil && !c.ownsProject(current) {
			if wanted.Resource == Namespaces {
				return fmt.Errorf("%w: namespace %s is somebody else's: leave create_namespace out to use it as it is", mlops.ErrExists, wanted.Name)
			}
			return c.foreign(current)
		}
		if err = c.write(ctx, wanted, current); !errors.Is(err, mlops.ErrConflict) || try == statusTries {
			return err
		}
	}
}

// ProjectEdits lists what of a project's own objects is missing or differs from what was sent last.
func (c *Client) ProjectEdits(ctx context.Context, options ProjectOptions) ([]string, error) {
	objects, err := Project(c.placement, options)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, wanted := range objects {
		live, err := c.api.get(ctx, wanted.Resource, wanted.Name)
		switch {
		case errors.Is(err, mlops.ErrNotFound) || err == nil && !c.ownsProject(live):
			found = append(found, fmt.Sprintf("there is no %s %s", wanted.Resource.Kind, wanted.Name))
		case err != nil:
			return nil, err
		default:
			for _, field := range edits(live.meta().Annotations[annotationFields], live) {
				found = append(found, fmt.Sprintf("%s %s %s", wanted.Resource.Kind, wanted.Name, field))
			}
		}
	}
	return found, nil
}

// RemoveProject removes a project's own objects, its workloads before them being gone. The namespace goes only where this
// project made it and nothing of others lives there; kept says what does.
func (c *Client) RemoveProject(ctx context.Context, options ProjectOptions) (kept []string, err error) {
	objects, err := Project(c.placement, options)
	if err != nil {
		return nil, err
	}
	slices.Reverse(objects)
	for _, object := range objects {
		if object.Resource == Namespaces {
			if kept, err = c.others(ctx); err != nil || len(kept) > 0 {
				return kept, err
			}
		}
		if err := c.removeBeside(ctx, object.Resource, object.Name, c.ownsProject); err != nil {
			return nil, fmt.Errorf("project %s: %w", c.placement.Project, err)
		}
	}
	return nil, nil
}

// others are what lives in the namespace and is not this project's.
func (c *Client) others(ctx context.Context) ([]string, error) {
	secrets := Resource{APIVersion: "v1", Kind: "Secret", Plural: "secrets"}
	claims := Resource{APIVersion: "v1", Kind: "PersistentVolumeClaim", Plural: "persistentvolumeclaims"}
	var found []string
	for _, resource := range []Resource{Deployments, pods, Services, Jobs, CronJobs, ServiceAccounts, secrets, claims} {
		all, err := c.api.list(ctx, resource, "")
		if err != nil {
			return nil, err
		}
		for _, object := range all {
			meta := object.meta()
			own := c.ownsProject(object) || meta.Labels[labelPartOf] == c.placement.Project && meta.Labels[labelManagedBy] == managedBy
			if own || resource == ServiceAccounts && meta.Name == "default" || meta.DeletionTimestamp != nil {
				continue
			}
			found = append(found, resource.Kind+" "+meta.Name)
		}
	}
	return found, nil
}

// Missing lists the rights that whoever asks lacks for a project, as "patch deployments"; nil where there are enough.
func (c *Client) Missing(ctx context.Context, options ProjectOptions) ([]string, error) {
	wanted := []Resource{
		Deployments, Services, Autoscalers, DisruptionBudgets, Jobs, CronJobs, ServiceAccounts, Roles, RoleBindings, NetworkPolicies,
	}
	if options.CreateNamespace {
		wanted = append(wanted, Namespaces)
	}
	reviews := Resource{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectAccessReview", Plural: "selfsubjectaccessreviews", Cluster: true}
	var missing []string
	for _, resource := range wanted {
		group, _, grouped := strings.Cut(resource.APIVersion, "/")
		if !grouped {
			group = ""
		}
		for _, verb := range []string{"get", "patch", "delete"} {
			asked := &authorizationv1.ResourceAttributes{Namespace: c.placement.Namespace, Verb: verb, Group: group, Resource: resource.Plural}
			if resource.Cluster {
				asked.Namespace = ""
			}
			review := authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: asked}}
			fields, err := tree(review)
			if err != nil {
				return nil, err
			}
			fields["apiVersion"], fields["kind"] = reviews.APIVersion, reviews.Kind
			var answer struct {
				Status authorizationv1.SubjectAccessReviewStatus `json:"status"`
			}
			if err := c.api.do(ctx, c.api.post(reviews, fields), &answer, reviews, ""); err != nil {
				return nil, err
			}
			if !answer.Status.Allowed {
				missing = append(missing, verb+" "+resource.Plural)
			}
		}
	}
	return missing, nil
}

// ClusterUID tells clusters apart that stand at one address or under one ARM ID, one after another: it is the UID of the
// namespace kube-system, and "" for whoever may not read that.
func (c *Client) ClusterUID(ctx context.Context) (string, error) {
	found, err := c.api.get(ctx, Namespaces, "kube-system")
	if apierrors.IsForbidden(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return string(found.meta().UID), nil
}

// NamespaceExists says whether the placement's namespace is there.
func (c *Client) NamespaceExists(ctx context.Context) (bool, error) {
	found, err := c.api.get(ctx, Namespaces, c.placement.Namespace)
	if errors.Is(err, mlops.ErrNotFound) {
		return false, nil
	}
	var namespace corev1.Namespace
	if err == nil {
		err = into(map[string]any(found), &namespace)
	}
	return namespace.Status.Phase != corev1.NamespaceTerminating, err
}

// YAML is objects as kubectl and Flux take them, in the order in which they are needed.
func YAML(objects []Object) ([]byte, error) {
	var text []byte
	for _, object := range objects {
		one, err := yaml.Marshal(object.Fields)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", object.Resource.Kind, object.Name, err)
		}
		text = append(append(text, "---\n"...), one...)
	}
	return text, nil
}
