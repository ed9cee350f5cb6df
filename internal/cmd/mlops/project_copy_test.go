package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/transfer"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
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
