package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// declareFlights makes a project with a dataset, as terraform apply does.
func declareFlights(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "project")
	on, err := local.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	opened := project.Open(on, "test")
	for _, spec := range []mlops.Spec{
		mlops.Project{Name: "flights"},
		mlops.Dataset{Name: "flights", HoldoutPercent: 20, Columns: map[string]mlops.Column{
			"at":    {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp},
			"miles": {Type: mlops.TypeNumber, Role: mlops.RoleFeature},
			"late":  {Type: mlops.TypeBoolean, Role: mlops.RoleLabel},
		}},
	} {
		if _, _, err := opened.CreateSpec(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func postJSON(t *testing.T, url, body string) (http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		t.Fatalf("%s answers %s %s, %v", url, response.Status, answer, err)
	}
	return response.Header, string(answer)
}

// A label that another replica receives, after the one that answered was killed, joins its request all the same; inference
// records are cat and counted as if there were no labels.
func TestLabelsCloseTheLoop(t *testing.T) {
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `[0.5,0.5]`)
	}))
	t.Cleanup(model.Close)
	folder := declareFlights(t)
	flags := func(replica string) []string {
		return []string{"--score-path", "/score", "--timestamp-column", "at", "--wal", filepath.Join(t.TempDir(), replica), "--instance", replica}
	}
	first, second := startCollector(t, folder, model.URL, flags("a")...), startCollector(t, folder, model.URL, flags("b")...)
	var ids []string
	for hour := range 10 {
		header, _ := postJSON(t, first.url+"/score", fmt.Sprintf(`[{"at":"2001-02-12T%02d:00:00Z","miles":%d},{"at":"2001-02-12T%02d:30:00Z","miles":%d}]`, hour, hour, hour, hour+100))
		ids = append(ids, header.Get("X-Correlation-Id"))
	}
	if err := first.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if _, answer := postJSON(t, second.url+"/feedback", fmt.Sprintf(`{"labels":[{"correlation_id":%q,"row":0,"label":%t},{"correlation_id":%q,"row":1,"label":true}]}`, id, i%2 == 0, id)); !strings.Contains(answer, `"labels":2`) {
			t.Errorf("feedback answers %s", answer)
		}
	}
	_ = second.end(syscall.SIGKILL)
	if err := startCollector(t, folder, model.URL, "--wal", second.flag("--wal"), "--instance", "b").end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if records := cat(t, folder); len(records) != 10 {
		t.Errorf("%d inference records, want 10", len(records))
	}
	out, err := runCommand(t, "records", "count", "--project", folder, "--deployment", "delay")
	if err != nil || !strings.Contains(out, "records       10\n") {
		t.Errorf("counted %s, %v", out, err)
	}
	fromRecords := []string{"dataset", "from-records", "flights", "--project", folder, "--deployment", "delay"}
	if out, err := runCommand(t, append(fromRecords, "--dry-run")...); err != nil || !strings.Contains(out, "would hold 20 rows; nothing was published") {
		t.Errorf("a dry run says %s, %v", out, err)
	}
	out, err = runCommand(t, append(fromRecords, "--json")...)
	var version dataset.Publication
	if decodeErr := json.Unmarshal([]byte(out), &version); err != nil || decodeErr != nil || !version.Published || version.Rows != 20 || version.Records.Labelled != 20 {
		t.Errorf("published %s, %v", out, err)
	}
	if out, err := runCommand(t, fromRecords...); err != nil || !strings.Contains(out, "holds the same already") || !strings.Contains(out, "joined: 20 rows of 20 rows") {
		t.Errorf("published again: %s, %v", out, err)
	}
	for arguments, want := range map[string]string{"--minimum-rows 21": "20 rows have a label, at least 21", "--minimum-rows -1": "--minimum-rows", "--from 2002-01-01": "0 requests lie in the window"} {
		if out, err := runCommand(t, append(fromRecords, strings.Fields(arguments)...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", arguments, out, err)
		}
	}
}

// flag is what the process was given for a flag.
func (p *collectorProcess) flag(name string) string {
	for i, argument := range p.command.Args {
		if argument == name {
			return p.command.Args[i+1]
		}
	}
	return ""
}
