package azurescene

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
)

// Inventory is everything that there is, by name, with what it says. What is new at every run is taken out: times, random
// numbers and what follows from them. Two runs that did the same have the same.
type Inventory map[string]string

// Inventory looks at ARM, at the blobs of a container and at one namespace.
func (s *Scene) Inventory(t *testing.T, plane *kubernetes.Plane, container, namespace string) Inventory {
	t.Helper()
	found := Inventory{}
	for id, body := range s.Cloud.Inventory() {
		found["ARM "+id] = said(t, body)
	}
	s.addBlobs(t, found, container)
	for _, plural := range namespaced {
		addObjects(t, found, plane, plural, namespace)
	}
	return found
}

func (s *Scene) addBlobs(t *testing.T, found Inventory, name string) {
	t.Helper()
	if !s.Blobs.HasContainer(t, azurite.DefaultAccount, name) {
		return
	}
	store := s.Open(t, name).Store
	entries, err := store.List(t.Context(), "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := store.Read(t.Context(), entry.Key)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if json.Unmarshal(content, &document) != nil {
			document = fmt.Sprintf("%d bytes", len(content))
		}
		found["blob "+entry.Key] = said(t, document)
	}
}

// namespaced are the kinds of objects that a project may have, by their paths.
var namespaced = []string{
	"apps/v1/deployments", "apps/v1/statefulsets", "apps/v1/daemonsets", "batch/v1/jobs", "batch/v1/cronjobs", "v1/services", "v1/configmaps",
	"v1/secrets", "v1/serviceaccounts", "v1/persistentvolumeclaims", "autoscaling/v2/horizontalpodautoscalers", "policy/v1/poddisruptionbudgets",
	"rbac.authorization.k8s.io/v1/roles", "rbac.authorization.k8s.io/v1/rolebindings", "networking.k8s.io/v1/networkpolicies",
}

// Objects lists the names of the objects of all kinds in a namespace, but those that every namespace has.
func Objects(t *testing.T, plane *kubernetes.Plane, namespace string) []string {
	t.Helper()
	found := Inventory{}
	for _, plural := range namespaced {
		addObjects(t, found, plane, plural, namespace)
	}
	return slices.Sorted(maps.Keys(found))
}

func addObjects(t *testing.T, found Inventory, plane *kubernetes.Plane, plural, namespace string) {
	t.Helper()
	at := strings.LastIndexByte(plural, '/')
	group := "/apis/" + plural[:at]
	if plural[:at] == "v1" {
		group = "/api/v1"
	}
	content, err := plane.Admin(t).Discovery().RESTClient().Get().AbsPath(group + "/namespaces/" + namespace + plural[at:]).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Items []struct {
			Metadata metav1.ObjectMeta `json:"metadata"`
			Spec     any               `json:"spec"`
			Data     any               `json:"data"`
			Rules    any               `json:"rules"`
			Subjects any               `json:"subjects"`
			RoleRef  any               `json:"roleRef"`
		} `json:"items"`
	}
	if err := json.Unmarshal(content, &list); err != nil {
		t.Fatal(err)
	}
	for _, item := range list.Items {
		name := item.Metadata.Name
		if name == "default" && plural == "v1/serviceaccounts" || name == "kube-root-ca.crt" {
			continue
		}
		maps.DeleteFunc(item.Metadata.Annotations, func(key, _ string) bool { return strings.HasPrefix(key, "deployment.kubernetes.io/") })
		if spec, ok := item.Spec.(map[string]any); ok && plural == "v1/services" {
			delete(spec, "clusterIP")
			delete(spec, "clusterIPs")
		}
		found["object "+plural+" "+name] = said(t, []any{item.Metadata.Labels, item.Metadata.Annotations, item.Spec, item.Data, item.Rules, item.Subjects, item.RoleRef})
	}
}

// fleeting are a time, the id of a run, and a number in hex that is random or the hash of one.
var fleeting = regexp.MustCompile(`\b(\d{4}-\d\d-\d\dT[0-9:.]+Z|run-[0-9a-f]{10}|[0-9a-f]{64}|[0-9a-f]{16,32})\b`)

func said(t *testing.T, value any) string {
	t.Helper()
	content, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return fleeting.ReplaceAllString(string(content), "~")
}

// Differs says how an inventory differs from the one that is wanted, "" for not at all.
func (i Inventory) Differs(want Inventory) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(i)) {
		if before, ok := want[name]; !ok {
			fmt.Fprintf(&text, "there is %s\n", name)
		} else if before != i[name] {
			fmt.Fprintf(&text, "%s says %s\nwant %s\n", name, i[name], before)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := i[name]; !ok {
			fmt.Fprintf(&text, "there is no %s\n", name)
		}
	}
	return text.String()
}
