package azurescene_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
)

// standing is a project alone, with an attribute or two more.
func standing(scene *azurescene.Scene, cluster, namespace, more, owner string) string {
	var identities strings.Builder
	for _, role := range []string{"control", "jobs", "serving"} {
		id, _ := scene.Cloud.Identity(scene.Group, role)
		fmt.Fprintf(&identities, "      %s = %q\n", role, id)
	}
	return fmt.Sprintf(`
resource "mlops_project" "p" {
  name          = "settling"
  force_destroy = true
  azure = {
    store    = { storage_account_id = %q }
    clusters = { weu = { id = %q, namespace = %q, create_namespace = true } }
    identities = {
%s%s
    }
  }
  owners = {
    data_engineer  = { email = "data-engineering@example.com" }
    data_scientist = { email = "data-science@example.com"%s }
    mlops_engineer = { email = "ml-platform@example.com" }
  }
}
`, scene.AccountID, cluster, namespace, identities.String(), more, owner)
}

// Who may do what is made before the controller, once, follows the configuration, and goes with the project.
func TestProjectManagesAccess(t *testing.T) {
	plane := kubernetes.Shared(t)
	scene, namespace := azurescene.Start(t), plane.Namespace(t)+"-own"
	cluster := scene.Cloud.Cluster(scene.Group, "weu", kubeconfig(plane))
	ada := scene.Cloud.Application("ada")
	owned := standing(scene, cluster, namespace, "      manage_federated_credentials = true",
		fmt.Sprintf(", principal_id = %q, principal_type = \"ServicePrincipal\"", ada.ObjectID))
	owned = strings.Replace(owned, "    store ", "    manage_role_assignments = true\n    store ", 1)
	left := strings.Replace(owned, fmt.Sprintf(", principal_id = %q, principal_type = \"ServicePrincipal\"", ada.ObjectID), "", 1)
	_, control := scene.Cloud.Identity(scene.Group, "control")
	container := scene.Place("settling")
	has := func(federated, grants int, reads bool) resource.TestCheckFunc {
		return func(*terraform.State) error {
			count := map[string]int{}
			for id := range scene.Cloud.Inventory() {
				for _, kind := range []string{"/federatedidentitycredentials/", "/roleassignments/"} {
					if strings.Contains(strings.ToLower(id), kind) {
						count[kind]++
					}
				}
			}
			var err error
			if count["/federatedidentitycredentials/"] != federated || count["/roleassignments/"] != grants {
				err = fmt.Errorf("%v, want %d credentials and %d grants", count, federated, grants)
			}
			read := armfake.Access{Container: container, Action: "read", Path: "logs/delay/1.json"}
			if scene.Cloud.Allowed(ada.ObjectID, read) != reads {
				err = errors.Join(err, fmt.Errorf("the owner may read: %v", !reads))
			}
			write := armfake.Access{Container: container, Action: "write", Path: "logs/delay/1.json"}
			if scene.Cloud.Allowed(control.ObjectID, write) != (grants > 0) {
				err = errors.Join(err, errors.New("what the controller may write is wrong"))
			}
			return err
		}
	}
	scene.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: owned, Check: has(3, 6, true)},
			{Config: owned, ConfigPlanChecks: empty},
			{ // who removes one by hand sees it come back
				PreConfig: func() {
					for id := range scene.Cloud.Inventory() {
						if strings.Contains(strings.ToLower(id), "/federatedidentitycredentials/") {
							scene.Cloud.Remove(id)
						}
					}
				},
				Config: owned, ConfigPlanChecks: repairs("mlops_project.p"), Check: has(3, 6, true),
			},
			{Config: left, Check: has(3, 4, false)},
			{Config: left, ConfigPlanChecks: empty},
		},
		CheckDestroy: has(0, 0, false),
	})
}

// What the controller's pod needs is there before it, is repaired when somebody removes it, and goes with the project.
func TestProjectStandsInItsCluster(t *testing.T) {
	plane := kubernetes.Shared(t)
	scene, namespace := azurescene.Start(t), plane.Namespace(t)+"-own"
	config := standing(scene, scene.Cloud.Cluster(scene.Group, "weu", kubeconfig(plane)), namespace, "", "")
	admin := plane.Admin(t)
	accounts := admin.CoreV1().ServiceAccounts(namespace)
	_, control := scene.Cloud.Identity(scene.Group, "control")
	named := func(*terraform.State) error {
		deployment, err := admin.AppsV1().Deployments(namespace).Get(t.Context(), "settling-control", metav1.GetOptions{})
		if err != nil {
			return err
		}
		pod := deployment.Spec.Template
		account, err := accounts.Get(t.Context(), pod.Spec.ServiceAccountName, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("the controller's service account: %w", err)
		}
		if got := account.Annotations["azure.workload.identity/client-id"]; got != control.ClientID {
			err = fmt.Errorf("service account %s has client id %q, want %q", account.Name, got, control.ClientID)
		}
		if pod.Labels["azure.workload.identity/use"] != "true" {
			err = errors.Join(err, fmt.Errorf("the controller's pods ask for no identity: %v", pod.Labels))
		}
		made, errOf := admin.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
		if errOf == nil && made.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
			errOf = fmt.Errorf("namespace has %v", made.Labels)
		}
		_, errBinding := admin.RbacV1().RoleBindings(namespace).Get(t.Context(), account.Name, metav1.GetOptions{})
		return errors.Join(err, errOf, errBinding)
	}
	scene.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: config, Check: resource.ComposeAggregateTestCheckFunc(named, resource.TestCheckResourceAttr("mlops_project.p", "in_sync", "true"))},
			{Config: config, ConfigPlanChecks: empty},
			{
				PreConfig: func() {
					all, err := accounts.List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by"})
					if err != nil || len(all.Items) != 3 {
						t.Fatalf("%d service accounts of the project, %v", len(all.Items), err)
					}
					for _, one := range all.Items {
						if err := accounts.Delete(t.Context(), one.Name, metav1.DeleteOptions{}); err != nil {
							t.Error(err)
						}
					}
				},
				Config: config, ConfigPlanChecks: repairs("mlops_project.p"), Check: named,
			},
			{Config: config, ConfigPlanChecks: empty},
		},
		CheckDestroy: func(*terraform.State) error {
			return eventually.Objection(func() error { // the cluster collects in its own time
				left, err := accounts.List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by"})
				if err == nil && len(left.Items) > 0 {
					err = fmt.Errorf("service account %s is left", left.Items[0].Name)
				}
				found, errOf := admin.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
				switch {
				case apierrors.IsNotFound(errOf):
				case errOf != nil:
					err = errors.Join(err, errOf)
				case found.DeletionTimestamp == nil:
					err = errors.Join(err, errors.New("the namespace is left"))
				}
				return err
			})
		},
	})
}

// Whoever lacks rights in a cluster is told all of them at once, and nothing is made there; with the rights an apply goes on.
func TestMissingRightsInTheClusterAreOneError(t *testing.T) {
	plane := kubernetes.Shared(t)
	scene, namespace := azurescene.Start(t), plane.Namespace(t)+"-own"
	good := kubeconfig(plane)
	bad := strings.Replace(string(good), plane.Token("admin"), plane.Token(kubernetes.Users[0]), 1)
	config := standing(scene, scene.Cloud.Cluster(scene.Group, "weu", []byte(bad)), namespace, "", "")
	scene.Run(t, resource.TestCase{Steps: []resource.TestStep{
		// What is declared stays declared, and the plan says that it is not there.
		{Config: config, ExpectNonEmptyPlan: true, Check: resource.TestCheckResourceAttr("mlops_project.p", "in_sync", "false")},
		{Config: config, ExpectError: regexp.MustCompile(`(?s)nothing\s+was\s+made:\s+grant.*patch\s+serviceaccounts.*patch\s+namespaces`)},
		{
			PreConfig: func() {
				if _, err := plane.Admin(t).CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
					t.Errorf("the namespace: %v", err)
				}
				scene.Cloud.Cluster(scene.Group, "weu", good)
			},
			Config: config, Check: resource.TestCheckResourceAttr("mlops_project.p", "in_sync", "true"),
		},
		{Config: config, ConfigPlanChecks: empty},
	}})
}
