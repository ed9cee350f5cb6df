package azurescene_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/badnetwork"
)

// answer is a refusal of the management API, or of blobs.
func answer(status int, code, message string) badnetwork.Fault {
	return badnetwork.Fault{
		Status: status, Headers: map[string]string{"Content-Type": "application/json", "X-Ms-Error-Code": code},
		Body: fmt.Sprintf(`{"error": {"code": %q, "message": %q}}`, code, message),
	}
}

// ofCluster is a refusal of a cluster.
func ofCluster(status int, reason, message string) badnetwork.Fault {
	return badnetwork.Fault{
		Status: status, Headers: map[string]string{"Content-Type": "application/json"},
		Body: fmt.Sprintf(`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": %q, "code": %d, "message": %q}`, reason, status, message),
	}
}

// writesTo are the calls that write to one back end, and a part of their path.
func writesTo(back azurescene.Back, part string) func(azurescene.Call) bool {
	return func(call azurescene.Call) bool {
		return call.Back == back && call.Writes() && strings.Contains(strings.ToLower(call.Path), part)
	}
}

// Whatever Azure and clusters refuse, who applies is told the cause and the next step.
func TestEveryRefusalSaysCauseAndNextStep(t *testing.T) {
	d := disturb(t)
	all := func(back azurescene.Back) func(azurescene.Call) bool {
		return func(call azurescene.Call) bool { return call.Back == back }
	}
	own := d.scene.Terraform
	for name, wrong := range map[string]struct {
		match  func(azurescene.Call) bool
		answer badnetwork.Fault
		want   []string
	}{
		"wrong tenant": {
			all(azurescene.ARM), answer(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer"),
			[]string{"wrong issuer", `set tenant_id \(ARM_TENANT_ID\)`},
		},
		"expired token": {
			all(azurescene.ARM), answer(http.StatusUnauthorized, "ExpiredAuthenticationToken", "The access token expiry is earlier than now"),
			[]string{"expiry is earlier", `sign in again \(az login\)`},
		},
		"missing role": {
			writesTo(azurescene.ARM, "/containers/"),
			answer(http.StatusForbidden, "AuthorizationFailed", "The client does not have authorization to perform action 'Microsoft.Storage/storageAccounts/blobServices/containers/write' over scope '"+d.scene.AccountID+"'"),
			[]string{`Grant the identity the role "Storage Account Contributor" on the scope ` + regexp.QuoteMeta(d.scene.AccountID)},
		},
		"missing role for blobs": {
			writesTo(azurescene.Blob, "specs"), answer(http.StatusForbidden, "AuthorizationPermissionMismatch", "This request is not authorized"),
			[]string{`grant it the role "Storage Blob Data Contributor"`, "at /subscriptions/.*/containers/flights"},
		},
		"firewall": {
			all(azurescene.Blob), answer(http.StatusForbidden, "AuthorizationFailure", "This request is not authorized to perform this operation."),
			[]string{"firewall does not let this network in", "for HCP Terraform: a private agent"},
		},
		"quota": {
			writesTo(azurescene.ARM, "/federatedidentitycredentials/"), answer(http.StatusConflict, "QuotaExceeded", "At most 20 federated credentials"),
			[]string{"At most 20", "quota of the subscription is used up", "Apply again"},
		},
		"policy": {
			writesTo(azurescene.ARM, "/containers/"), answer(http.StatusForbidden, "RequestDisallowedByPolicy", "Resource was disallowed by policy 'only-premium'"),
			[]string{"only-premium", "ask whoever owns the policy for an exemption"},
		},
		"resource group": {
			all(azurescene.ARM), answer(http.StatusNotFound, "ResourceGroupNotFound", "Resource group 'ml' could not be found."),
			[]string{"'ml' could not be found", "create it again, or name another one"},
		},
		"private cluster": {
			all(azurescene.Kubernetes), badnetwork.Fault{Refuse: true},
			[]string{`[Cc]luster "weu"`, "cannot be reached", "apply_from"},
		},
		"missing role in the cluster": {
			all(azurescene.Kubernetes), ofCluster(http.StatusForbidden, "Forbidden", `serviceaccounts "x" is forbidden: User "u" cannot get resource "serviceaccounts"`),
			[]string{`User "u" cannot get`, `Azure Kubernetes Service RBAC Writer`},
		},
		"expired token of the cluster": {
			all(azurescene.Kubernetes), ofCluster(http.StatusUnauthorized, "Unauthorized", "Unauthorized"),
			[]string{"does not take this token", "sign in again"},
		},
		"policy of the cluster": {
			writesTo(azurescene.Kubernetes, "/deployments/"), ofCluster(http.StatusForbidden, "Forbidden", `admission webhook "validation.gatekeeper.sh" denied the request: [only-our-registry] image`),
			[]string{"only-our-registry", "Apply again"},
		},
	} {
		d.gate.Choose(func(call azurescene.Call) badnetwork.Fault {
			if wrong.match(call) {
				return wrong.answer
			}
			return badnetwork.Fault{}
		})
		d.said(name, wrong.want)
	}

	d.scene.Terraform = d.scene.Cloud.Application("nobody")
	environment := d.gate.Environment(d.scene.Terraform)
	before := d.options.Environment
	d.options.Environment = func(name string) string { return environment[name] }
	d.gate.Choose(nil)
	d.said("nobody", []string{"AuthorizationFailed", `the role "[^"]+" on the scope`})
	d.scene.Terraform, d.options.Environment = own, before

	labels := map[string]string{"app": "x"}
	if _, err := d.plane.Admin(t).AppsV1().Deployments(d.namespace).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "flights-control"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(0)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
		},
	}, metav1.CreateOptions{FieldManager: "helm"}); err != nil {
		t.Fatal(err)
	}
	d.said("a name that another tool owns", []string{`flights-control in namespace \S+ belongs to "helm"`, "choose another name_prefix, or remove it"})
}

// said applies, wants that to say something, and takes away what it made.
func (d *disturbed) said(name string, want []string) {
	d.t.Helper()
	in := d.terraform()
	err := in.Apply(d.t.Context(), d.made)
	text := strings.Join(in.Warnings, "\n")
	if err != nil {
		text += "\n" + err.Error()
	}
	for _, phrase := range want {
		if !regexp.MustCompile(phrase).MatchString(text) {
			d.t.Errorf("%s: %q is not said: %s", name, phrase, text)
		}
	}
	d.gate.Choose(nil)
	if err := in.Destroy(d.t.Context()); err != nil {
		d.t.Fatalf("%s: destroy: %v", name, err)
	}
}
