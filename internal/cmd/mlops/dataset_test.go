package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func TestDatasetPublish(t *testing.T) {
	p := newPlace(t)
	p.shows(exitNothingFound, words("dataset publish flights --source a.csv"), "no project at")
	spec := mlops.Dataset{Name: "flights", HoldoutPercent: 50, Columns: map[string]mlops.Column{
		"at":   {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp},
		"late": {Type: mlops.TypeBoolean, Role: mlops.RoleLabel},
	}}
	if _, _, err := p.in.CreateSpec(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.csv")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	publish := []string{"dataset", "publish", "flights", "--source", path}

	p.shows(exitFailed, publish, "there is no such file")
	p.shows(exitUsage, words("dataset publish flights"), "name the file or folder")
	p.shows(exitNothingFound, words("dataset publish trains --source a.csv"), "there is flights")
	write("at,late\n2001-01-01,maybe\n")
	p.shows(exitFailed, publish, "columns.late.type: 1 cell that no boolean can be read from")
	write("at,late\n2001-01-02,true\n2001-01-01,false\n")
	p.shows(0, publish, "published version 1 of flights",
		"training 1 row 35 bytes 2001-01-01 00:00 to 2001-01-01 00:00", "split: last 50% by at")
	p.shows(0, publish, "version 1 of flights holds the same already; nothing was published")
	var version struct {
		mlops.DatasetManifest
		Published bool `json:"published"`
	}
	write("at,late\n2001-01-02,true\n2001-01-03,false\n")
	out := p.shows(0, append(publish, "--json"))
	if err := json.Unmarshal([]byte(out), &version); err != nil || !version.Published || version.Number != 2 || version.Actor.Name != "carol" || version.Source != path {
		t.Errorf("%+v, %v", version, err)
	}
}
