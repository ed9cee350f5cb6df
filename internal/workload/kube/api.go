package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	jsonutil "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// api speaks to one API server about one namespace. Objects come as trees of JSON; see meta and into.
type api struct {
	rest      rest.Interface
	host      string
	namespace string
	try       time.Duration // bounds one call
}

// object is an object as the server has it.
type object map[string]any

func (o object) meta() metav1.ObjectMeta {
	var meta metav1.ObjectMeta
	_ = into(o["metadata"], &meta)
	return meta
}

// into reads part of a tree as its type.
func into(fields, typed any) error {
	content, ok := fields.(map[string]any)
	if !ok {
		return nil
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(content, typed)
}

func (a *api) path(of Resource, name string) string {
	path := "/apis/" + of.APIVersion
	if !strings.Contains(of.APIVersion, "/") {
		path = "/api/" + of.APIVersion
	}
	if !of.Cluster {
		path += "/namespaces/" + a.namespace
	}
	path += "/" + of.Plural
	if name != "" {
		path += "/" + name
	}
	return path
}

// get is mlops.ErrNotFound where there is none.
func (a *api) get(ctx context.Context, of Resource, name string) (object, error) {
	var found object
	err := a.do(ctx, a.rest.Get().AbsPath(a.path(of, name)), &found, of, name)
	return found, err
}

const pageSize = 500

// list returns all that a label selector finds.
func (a *api) list(ctx context.Context, of Resource, selector string) ([]object, error) {
	var all []object
	for next := ""; ; {
		var page struct {
			Metadata metav1.ListMeta `json:"metadata"`
			Items    []object        `json:"items"`
		}
		request := a.rest.Get().AbsPath(a.path(of, "")).Param("labelSelector", selector).Param("limit", strconv.Itoa(pageSize))
		if next != "" {
			request.Param("continue", next)
		}
		if err := a.do(ctx, request, &page, of, ""); err != nil {
			return nil, err
		}
		for _, item := range page.Items { // said once, of the list
			item["apiVersion"], item["kind"] = of.APIVersion, of.Kind
		}
		all = append(all, page.Items...)
		if next = page.Metadata.Continue; next == "" {
			return all, nil
		}
	}
}

// apply sends the fields that we own. Without force a field that somebody else owns is an error that apierrors.IsConflict
// knows, and so is a state of the object that is no more.
func (a *api) apply(ctx context.Context, wanted Object, force bool, dryRun bool) error {
	body, err := json.Marshal(wanted.Fields)
	if err != nil {
		return fmt.Errorf("%s %s: %w", wanted.Resource.Kind, wanted.Name, err)
	}
	request := a.rest.Patch(types.ApplyYAMLPatchType).AbsPath(a.path(wanted.Resource, wanted.Name)).
		Param("fieldManager", FieldManager).Param("force", strconv.FormatBool(force)).Body(body)
	if dryRun {
		request.Param("dryRun", metav1.DryRunAll)
	}
	return a.do(ctx, request, nil, wanted.Resource, wanted.Name)
}

// remove deletes an object of one life; what is gone, or is another by now, is no error. Foreground: it is there until all
// that it made is gone.
func (a *api) remove(ctx context.Context, of Resource, name string, uid types.UID) error {
	policy := metav1.DeletePropagationForeground
	options := metav1.DeleteOptions{
		TypeMeta:          metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		PropagationPolicy: &policy, Preconditions: &metav1.Preconditions{UID: &uid},
	}
	body, err := json.Marshal(options)
	if err != nil {
		return err
	}
	err = a.do(ctx, a.rest.Delete().AbsPath(a.path(of, name)).Body(body), nil, of, name)
	if errors.Is(err, mlops.ErrNotFound) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// post is a request that makes an object, or asks a question in the form of one.
func (a *api) post(of Resource, fields map[string]any) *rest.Request {
	body, err := json.Marshal(fields)
	if err != nil {
		body = nil // the server says what is wrong with it
	}
	return a.rest.Post().AbsPath(a.path(of, "")).Body(body)
}

// open streams a path of the namespace, as long as ctx lives.
func (a *api) open(ctx context.Context, path string, parameters url.Values) (io.ReadCloser, error) {
	request := a.rest.Get().AbsPath(path)
	for name := range parameters {
		request.Param(name, parameters.Get(name))
	}
	return request.Stream(ctx)
}

func (a *api) do(ctx context.Context, request *rest.Request, to any, of Resource, name string) error {
	ctx, cancel := context.WithTimeout(ctx, a.try)
	defer cancel()
	result := request.Do(ctx)
	if err := result.Error(); err != nil {
		return a.explain(err, of, name)
	}
	content, err := result.Raw()
	if err == nil && to != nil {
		err = jsonutil.Unmarshal(content, to)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", of.Kind, name, err)
	}
	return nil
}

// explain says of an error what it is about and what to do next.
func (a *api) explain(err error, of Resource, name string) error {
	where := of.Kind
	if name != "" {
		where += " " + name
	}
	if !of.Cluster {
		where += " in namespace " + a.namespace
	}
	status := apierrors.APIStatus(nil)
	switch {
	case !errors.As(err, &status):
		return fmt.Errorf("%s: the cluster at %s cannot be reached: %w. A private one is reached from its own network alone: run there, or set "+
			"apply_from = \"controller\" on the project", where, a.host, err)
	case apierrors.IsNotFound(err) && !of.Cluster && strings.Contains(err.Error(), "namespaces "):
		return fmt.Errorf("%s: there is no namespace %q; set create_namespace, or have it made: %w", where, a.namespace, err)
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s: %w", where, mlops.ErrNotFound)
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), " cannot "): // else it is what is sent that is refused
		return fmt.Errorf("%s: %w. Bind that identity to a role that may, in that namespace; on AKS with Azure RBAC grant it "+
			"\"Azure Kubernetes Service RBAC Writer\" at <cluster>/namespaces/%s", where, err, a.namespace)
	case status.Status().Code == http.StatusUnauthorized:
		return fmt.Errorf("%s: the cluster at %s does not take this token or certificate: sign in again, or renew what the provider is given: %w", where, a.host, err)
	default:
		return fmt.Errorf("%s: %w", where, err)
	}
}
