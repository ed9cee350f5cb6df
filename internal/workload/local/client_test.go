//go:build linux || darwin

package local

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/conformance"
)

func newTestClient(t *testing.T) *Client {
	t.Helper()
	client, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) platform.Workloads { return newTestClient(t) })
}

func TestHandEditIsSeenAndRepaired(t *testing.T) {
	edits := map[string]func(string) string{
		"a value":  func(s string) string { return strings.Replace(s, `"replicas": 1`, `"replicas": 7`, 1) },
		"no JSON":  func(string) string { return "{" },
		"emptied":  func(string) string { return "" },
		"no sense": func(s string) string { return strings.Replace(s, `"replicas": 1`, `"replicas": -7`, 1) },
		"a name":   func(s string) string { return strings.Replace(s, `"name": "model"`, `"name": "other"`, 1) },
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			client, ctx := newTestClient(t), t.Context()
			manifest := service("model", 1, 1)
			before, err := client.Apply(ctx, manifest, "")
			if err != nil {
				t.Fatal(err)
			}
			path := client.folder.workload(workload.KindService, "model")
			content, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, []byte(edit(string(content))), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			edited, err := client.Get(ctx, workload.KindService, "model")
			if err != nil || edited.InSync() {
				t.Fatalf("%+v (%v), want a workload that is out of sync", edited, err)
			}
			if _, err := client.Apply(ctx, manifest, before.Revision); !errors.Is(err, mlops.ErrConflict) {
				t.Errorf("an apply that has not seen the edit: %v, want ErrConflict", err)
			}
			repaired, err := client.Apply(ctx, manifest, edited.Revision)
			if err != nil || !repaired.InSync() || repaired.Manifest.Hash() != manifest.Hash() {
				t.Errorf("%+v (%v), want it repaired", repaired, err)
			}
		})
	}
}

func TestNothingRunsSaysWhatToDo(t *testing.T) {
	running, message := newTestClient(t).Running(t.Context())
	if running || !strings.Contains(message, "start `mlops local`") {
		t.Errorf("%t %q, want what to start", running, message)
	}
}

func TestEndpointIsKnownBeforeAnythingRuns(t *testing.T) {
	project := mlops.Project{Local: &mlops.Local{Path: ".mlops", Port: 9000}}
	if got, want := newTestClient(t).Endpoint(project, mlops.Deployment{Name: "delay"}), "http://127.0.0.1:9000/delay"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
