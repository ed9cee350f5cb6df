package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/alert"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// A real controller takes a real delivery over the network, and asks for a run once.
func TestControlTakesAlerts(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "project")
	in := raced(t, folder)
	fake := armfake.Start(t, armfake.Options{})
	command := exec.CommandContext(t.Context(), os.Args[0], "control", "--project", folder, "--interval", "1h", "--alerts-listen", "127.0.0.1:0",
		"--alerts-tenant", fake.Tenant, "--alerts-audience", "api://mlops", "--alerts-authority", fake.URL)
	command.Env = append(os.Environ(), asCommand+"=1", "SSL_CERT_FILE="+fake.CertificateFile(t))
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines := bufio.NewScanner(stderr)
	address := ""
	for address == "" && lines.Scan() {
		var line struct{ Address string }
		_ = json.Unmarshal(lines.Bytes(), &line)
		address = line.Address
	}
	if address == "" {
		t.Fatal("it never said where it listens")
	}
	go func() {
		for lines.Scan() { // or it would be held up by its own log
		}
	}()
	now := time.Now()
	token := fake.Sign(map[string]any{
		"iss": fake.URL + "/" + fake.Tenant + "/v2.0", "aud": "api://mlops", "azp": alert.CallerApplication, "roles": []string{alert.CallerRole},
		"nbf": now.Unix() - 60, "exp": now.Unix() + 600,
	})
	const body = `{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"/alerts/A1","alertRule":"accuracy","severity":"Sev3",
		"monitorCondition":"Fired","firedDateTime":"2026-01-02T03:04:05Z"},"alertContext":{"properties":{"model":"delay"}}}}`
	for _, status := range []int{200, 200} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+alert.Path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%d, want %d", response.StatusCode, status)
		}
	}
	// Its interval is an hour: it looks because the alert woke it.
	asked := func() int {
		state, err := in.Model(t.Context(), "delay")
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for cause := range state.Causes {
			if strings.HasPrefix(cause, string(mlops.CauseRequest)+":azure-monitor/") {
				found++
			}
		}
		return found
	}
	await(t, "the alert asks for a run", func() bool { return asked() > 0 })
	if asked() != 1 {
		t.Errorf("%d causes", asked())
	}
}

func TestControlTakesNoAlertsFromAnybody(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "project")
	raced(t, folder)
	_, err := runCommand(t, "control", "--project", folder, "--alerts-listen", "127.0.0.1:0")
	if err == nil || !strings.Contains(err.Error(), "--alerts-tenant") {
		t.Errorf("%v", err)
	}
}
