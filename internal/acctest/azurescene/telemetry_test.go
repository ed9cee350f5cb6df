package azurescene_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/ingestion"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/control"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// inPod opens a project as a program in one of its pods does.
func inPod(t *testing.T, scene *azurescene.Scene, container string, environment map[string]string) *project.Project {
	t.Helper()
	options := scene.Options(scene.Terraform)
	outside := options.Environment
	options.Environment = func(name string) string {
		if name == "MLOPS_CLUSTER" {
			return "weu"
		}
		if value, given := environment[name]; given {
			return value
		}
		return outside(name)
	}
	options.TelemetryFolder = t.TempDir()
	on, err := azure.New(options).Open(t.Context(), scene.Place(container))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = on.CloseTelemetry(t.Context()) })
	return project.Open(on, "test")
}

// telemetered is a project whose numbers go somewhere.
func telemetered(scene *azurescene.Scene, telemetry string) string {
	return fmt.Sprintf(`
resource "mlops_project" "p" {
  name          = "telling"
  force_destroy = true
  azure = {
    store     = { storage_account_id = %q }
    telemetry = %s
  }
}
`, scene.AccountID, telemetry)
}

// The controller's numbers reach the component that is declared: its connection string is read when the project is applied,
// stands in no state, and is followed when it changes. Outside of the project's pods nobody sends.
func TestControllerTellsApplicationInsights(t *testing.T) {
	scene := azurescene.Start(t)
	first, second, third := ingestion.Start(t), ingestion.Start(t), ingestion.Start(t)
	component := scene.Cloud.Component(scene.Group, "ml", first.ConnectionString())
	config := telemetered(scene, fmt.Sprintf("{ application_insights_id = %q }", component))
	told := func(server *ingestion.Server) {
		in := inPod(t, scene, "telling", nil)
		if err := control.New(in, hclog.NewNullLogger()).Pass(t.Context()); err != nil {
			t.Error(err)
		}
		is := func(item ingestion.Item) bool {
			return item.Name == mlops.MetricControl && item.Value == 1 && len(item.Properties) == 2 &&
				item.Properties["project"] == "telling" && item.Properties["place"] == mlops.PlaceMark(scene.Place("telling"))
		}
		eventually.Holds(t, func() error {
			if items := server.Items(); !slices.ContainsFunc(items, is) {
				return fmt.Errorf("the controller has said %v", items)
			}
			return nil
		})
	}
	secret := func(state *terraform.State) error {
		if strings.Contains(state.String(), ingestion.Key) {
			return errors.New("the connection string is in the state")
		}
		return nil
	}
	scene.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: config, Check: resource.ComposeAggregateTestCheckFunc(secret, func(*terraform.State) error {
			told(first)
			outside := scene.Open(t, "telling")
			if outside.Telemetry != nil {
				return errors.New("who is in no pod sends")
			}
			return nil
		})},
		{Config: config, ConfigPlanChecks: empty},
		{ // the component was made anew
			PreConfig: func() { scene.Cloud.Component(scene.Group, "ml", second.ConnectionString()) },
			Config:    config, ConfigPlanChecks: repairs("mlops_project.p"), Check: func(*terraform.State) error { told(second); return nil },
		},
		{Config: config, ConfigPlanChecks: empty},
		{Config: telemetered(scene, fmt.Sprintf("{ connection_string = %q }", third.ConnectionString())), Check: func(*terraform.State) error { told(third); return nil }},
		{Config: telemetered(scene, "null"), Check: func(*terraform.State) error {
			heard := func() int { return len(first.Items()) + len(second.Items()) + len(third.Items()) }
			before := heard()
			in := inPod(t, scene, "telling", nil)
			err := errors.Join(control.New(in, hclog.NewNullLogger()).Pass(t.Context()), in.CloseTelemetry(t.Context()))
			if heard() != before {
				err = errors.Join(err, errors.New("numbers go somewhere where nothing is declared"))
			}
			return err
		}},
	}})
	for _, call := range scene.Cloud.Calls() {
		if call.Kind == "microsoft.insights/components" && call.Writes() {
			t.Errorf("%s %s", call.Method, call.Path)
		}
	}
}

// A pod that has an identity sends with a token of it, for the service alone.
func TestTelemetryIsSentAsThePodsIdentity(t *testing.T) {
	scene, server := azurescene.Start(t), ingestion.Start(t)
	_, control := scene.Cloud.Identity(scene.Group, "control")
	issuer := scene.Cloud.Issuer("weu")
	scene.Cloud.Trust(control, issuer, "system:serviceaccount:telling:control")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(scene.Cloud.Assertion(issuer, "system:serviceaccount:telling:control")), 0o600); err != nil {
		t.Fatal(err)
	}
	config := telemetered(scene, fmt.Sprintf("{ connection_string = %q }", server.ConnectionString()))
	scene.Run(t, resource.TestCase{Steps: []resource.TestStep{{Config: config, Check: func(*terraform.State) error {
		in := inPod(t, scene, "telling", map[string]string{
			"ARM_CLIENT_ID": "", "ARM_CLIENT_SECRET": "", "ARM_TENANT_ID": "",
			"AZURE_CLIENT_ID": control.ClientID, "AZURE_TENANT_ID": scene.Cloud.Tenant, "AZURE_FEDERATED_TOKEN_FILE": file,
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		told := mlops.Measurement{Name: mlops.MetricControl, Value: 1, Time: time.Now()}
		err := errors.Join(in.Measure(ctx, mlops.ControlSource, []mlops.Measurement{told}), in.CloseTelemetry(ctx))
		parts := strings.Split(server.Bearer(), ".")
		if len(server.Items()) != 1 || len(parts) != 3 {
			return errors.Join(err, fmt.Errorf("%d items, and %d parts of a token", len(server.Items()), len(parts)))
		}
		claims, errClaims := base64.RawURLEncoding.DecodeString(parts[1])
		audience, who := between(claims, `"aud":"`), between(claims, `"oid":"`)
		if strings.TrimRight(audience, "/") != "https://monitor.azure.com" || who != control.ObjectID {
			err = errors.Join(err, errClaims, fmt.Errorf("a token of %s for %s", who, audience))
		}
		return err
	}}}})
}

// between is what stands between a text and the next quotation mark.
func between(content []byte, begin string) string {
	_, rest, _ := strings.Cut(string(content), begin)
	found, _, _ := strings.Cut(rest, `"`)
	return found
}
