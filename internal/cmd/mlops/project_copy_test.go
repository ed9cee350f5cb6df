package main

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/transfer"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
)

func TestProjectCopy(t *testing.T) {
	p := planted(t)
	if _, _, err := p.in.CreateSpec(t.Context(), mlops.Dataset{Name: "flights"}); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "moved")

	stdout, _, code := typed(t.Context(), "project", "copy", p.path, to, "--dry-run")
	if _, err := os.Stat(to); code != 0 || err == nil || !strings.Contains(stdout, "logs and reports") || !strings.Contains(stdout, "nothing was written") {
		t.Errorf("dry run: exit code %d, folder %v\n%s", code, err, stdout)
	}
	for range 2 { // the second time there is nothing left to do
		stdout, stderr, code := typed(t.Context(), "project", "copy", "file:"+p.path, to)
		for _, part := range []string{"intact", "read back and compared", `to = mlops_model.flight_delay`, `id = "file:` + to + `/models/flight-delay"`, `/dataset_versions/flights.2"`} {
			if code != 0 || !strings.Contains(stdout, part) {
				t.Fatalf("copy: exit code %d, want 0 and %q\n%s%s", code, part, stdout, stderr)
			}
		}
	}
	history, _, code := typed(t.Context(), "model", "history", "flight-delay", "--project", to)
	if want, _, _ := p.typed("model", "history", "flight-delay"); code != 0 || history != want {
		t.Errorf("the history of the copy: exit code %d\n%s\nand of the source\n%s", code, history, want)
	}
}

func TestProjectCopyRefuses(t *testing.T) {
	p, other := planted(t), planted(t)
	for want, arguments := range map[string][]string{
		"holds another project":  {p.path, other.path},
		"both source and target": {p.path, "file:" + p.path},
		"no project at":          {filepath.Join(t.TempDir(), "nothing"), t.TempDir()},
		"name the TO":            {p.path},
		"TO is empty":            {p.path, "file:"},
	} {
		stdout, stderr, code := typed(t.Context(), append([]string{"project", "copy"}, arguments...)...)
		if code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, want an error that says %q\n%s%s", arguments, code, want, stdout, stderr)
		}
	}
}

func TestSayHowFar(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	say := sayHowFar(&out, func() time.Time { return now })
	for n := range 10 {
		say(transfer.Progress{Doing: "copy specs", Documents: n, Total: 10, Bytes: 2048})
		now = now.Add(time.Second)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 4 || !strings.HasPrefix(out.String(), "copy specs: 2 of 10 documents, ") {
		t.Errorf("ten seconds of copying:\n%s", out.String())
	}
}

// A project goes from a folder into a container and back, with its whole history; commands open it there, alive.
func TestProjectCopyToAContainerAndBack(t *testing.T) {
	server := azurite.Shared(t)
	name := path.Base(server.Container(t))
	place := "/subscriptions/22222222-0000-4000-8000-000000000002/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/" +
		azurite.DefaultAccount + "/blobServices/default/containers/" + name
	environment := map[string]string{"MLOPS_BLOB_ENDPOINT": server.URL + "/{account}", "MLOPS_BLOB_ACCOUNT_KEY": server.Key}
	before := onAzure
	t.Cleanup(func() { onAzure = before })
	connection := azure.New(azure.Options{Environment: func(name string) string { return environment[name] }})
	onAzure = func() *azure.Connection { return connection }

	p := planted(t)
	if _, stderr, code := typed(t.Context(), "status", "--project", place); code != exitNothingFound || !strings.Contains(stderr, "no project at "+place) {
		t.Errorf("an empty container: exit code %d\n%s", code, stderr)
	}
	if _, stderr, code := typed(t.Context(), "status", "--project", place+"-none"); code == 0 || !strings.Contains(stderr, "no project at") {
		t.Errorf("no container: exit code %d\n%s", code, stderr)
	}
	stdout, stderr, code := typed(t.Context(), "project", "copy", p.path, place, "--dry-run")
	if code != 0 || !strings.Contains(stdout, "nothing was written") {
		t.Fatalf("dry run: exit code %d\n%s%s", code, stdout, stderr)
	}
	back := filepath.Join(t.TempDir(), "back")
	for _, way := range [][2]string{{p.path, place}, {place, back}} {
		stdout, stderr, code := typed(t.Context(), "project", "copy", way[0], way[1])
		if code != 0 || !strings.Contains(stdout, ", intact") || !strings.Contains(stdout, "read back and compared") {
			t.Fatalf("from %s to %s: exit code %d\n%s%s", way[0], way[1], code, stdout, stderr)
		}
	}
	want, _, _ := p.typed("model", "history", "flight-delay")
	for _, at := range []string{place, back} {
		history, stderr, code := typed(t.Context(), "model", "history", "flight-delay", "--project", at)
		if code != 0 || history != want {
			t.Errorf("the history at %s: exit code %d\n%s%s\nand of the source\n%s", at, code, history, stderr, want)
		}
		if said, stderr, code := typed(t.Context(), "audit", "verify", "--project", at); code != 0 || !strings.Contains(said, "intact") {
			t.Errorf("audit at %s: exit code %d\n%s%s", at, code, said, stderr)
		}
	}
	if _, stderr, code := typed(t.Context(), "freeze", "flight-delay", "--reason", "r", "--as", "eve", "--project", place); code == 0 || !strings.Contains(stderr, "--as eve") {
		t.Errorf("somebody else asks: exit code %d\n%s", code, stderr)
	}
	if _, stderr, code := typed(t.Context(), "freeze", "flight-delay", "--reason", "who am I", "--no-wait", "--project", place); code == 0 || !strings.Contains(stderr, "who asks") {
		t.Errorf("nobody asks on Azure without an identity: exit code %d\n%s", code, stderr)
	}
}
