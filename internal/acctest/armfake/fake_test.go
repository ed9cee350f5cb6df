package armfake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/oracle"
)

// caller sends plain requests as somebody.
type caller struct {
	t    *testing.T
	fake *armfake.Fake
	as   armfake.Principal
}

type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) code() string {
	inner, ok := a.body["error"].(map[string]any)
	if !ok {
		inner = a.body
	}
	code, _ := inner["code"].(string)
	return code
}

func (c caller) send(method, target, body string, headers ...string) (answer, error) {
	c.t.Helper()
	if !strings.HasPrefix(target, "https:") {
		target = c.fake.URL + target
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	token, err := c.fake.Credential(c.as).GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{c.fake.Audience() + "/.default"}})
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.Token)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.fake.Client().Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	got := answer{status: response.StatusCode, header: response.Header}
	if len(content) > 0 {
		if err := json.Unmarshal(content, &got.body); err != nil {
			c.t.Fatalf("%s: %v", content, err)
		}
	}
	return got, nil
}

// must sends and wants a status.
func (c caller) must(status int, method, target, body string, headers ...string) answer {
	c.t.Helper()
	got, err := c.send(method, target, body, headers...)
	if err != nil {
		c.t.Fatal(err)
	}
	if got.status != status {
		c.t.Fatalf("%s %s: %d %v, want %d", method, target, got.status, got.body, status)
	}
	return got
}

func start(t *testing.T, options armfake.Options) caller {
	fake := armfake.Start(t, options)
	return caller{t, fake, fake.Administrator}
}

func needTypes(t *testing.T) {
	t.Helper()
	if _, err := oracle.Find(); err != nil {
		t.Skip(oracle.Missing)
	}
}

const group = `{"location":"Global","properties":{"groupShortName":"g","enabled":true,"emailReceivers":[{"name":"a","emailAddress":"a@example.com"}]}}`

func TestGenericStore(t *testing.T) {
	c := start(t, armfake.Options{PageSize: 2})
	base := c.fake.ResourceGroup("rg") + "/providers/Microsoft.Insights/actionGroups"
	c.must(404, "GET", base+"/one?api-version=2023-01-01", "")
	c.must(201, "PUT", base+"/one?api-version=2023-01-01", group)
	c.must(200, "PUT", strings.ToLower(base)+"/ONE?api-version=2023-01-01", group)
	got := c.must(200, "GET", strings.ToUpper(base)+"/one?api-version=2023-01-01", "")
	if got.body["id"] != base+"/one" || got.body["name"] != "one" {
		t.Errorf("%v", got.body)
	}
	receiver := got.body["properties"].(map[string]any)["emailReceivers"].([]any)[0].(map[string]any)
	if receiver["status"] != "Enabled" {
		t.Errorf("a read-only value is not filled in: %v", receiver)
	}
	c.must(200, "PATCH", base+"/one?api-version=2023-01-01", `{"tags":{"a":"b"}}`)
	for _, name := range []string{"two", "three", "four"} {
		c.must(201, "PUT", base+"/"+name+"?api-version=2023-01-01", group)
	}
	var names []string
	for next := base + "?api-version=2023-01-01"; next != ""; {
		page := c.must(200, "GET", next, "")
		for _, one := range page.body["value"].([]any) {
			names = append(names, one.(map[string]any)["name"].(string))
		}
		next, _ = page.body["nextLink"].(string)
	}
	if !slices.Equal(names, []string{"four", "one", "three", "two"}) {
		t.Errorf("listed %v", names)
	}
	if len(c.fake.Inventory()) != 4 {
		t.Errorf("inventory %v", c.fake.Inventory())
	}
	c.must(200, "DELETE", base+"/one?api-version=2023-01-01", "")
	c.must(204, "DELETE", base+"/one?api-version=2023-01-01", "")
	if got := c.must(400, "GET", base+"/two", ""); got.code() != "MissingApiVersionParameter" {
		t.Errorf("%v", got.body)
	}
	needTypes(t)
	if got := c.must(400, "GET", base+"/two?api-version=2001-01-01", ""); got.code() != "NoRegisteredProviderFound" {
		t.Errorf("%v", got.body)
	}
	if got := c.must(404, "PUT", "/subscriptions/"+c.fake.Subscription+"/resourceGroups/none/providers/Microsoft.Insights/actionGroups/x?api-version=2023-01-01", group); got.code() != "ResourceGroupNotFound" {
		t.Errorf("%v", got.body)
	}
}

// What ARM does not know it drops, what it cannot read it refuses, and the test hears of both.
func TestWrongBodies(t *testing.T) {
	needTypes(t)
	c := start(t, armfake.Options{Tolerant: true})
	id := c.fake.ResourceGroup("rg") + "/providers/Microsoft.Insights/actionGroups/one"
	c.must(201, "PUT", id+"?api-version=2023-01-01", strings.Replace(group, `"enabled"`, `"nobody":1,"enabled"`, 1))
	if _, kept := c.fake.Get(id)["properties"].(map[string]any)["nobody"]; kept {
		t.Error("an unknown property was kept")
	}
	c.must(400, "PUT", id+"?api-version=2023-01-01", strings.Replace(group, `true`, `"yes"`, 1))
	if got := c.fake.Problems(); len(got) != 2 || !strings.Contains(got[0], "properties.nobody: is not known") {
		t.Errorf("problems %q", got)
	}
}

func TestTokens(t *testing.T) {
	c := start(t, armfake.Options{})
	ask := func(tenant string, form url.Values) answer {
		t.Helper()
		return c.must(map[bool]int{true: 200, false: 401}[form.Get("ok") != ""], "POST", "/"+tenant+"/oauth2/v2.0/token", form.Encode(),
			"Content-Type", "application/x-www-form-urlencoded")
	}
	app := c.fake.Application("ci")
	scope := "https://management.azure.com/.default"
	ask(c.fake.Tenant, url.Values{"ok": {"1"}, "client_id": {app.ClientID}, "client_secret": {app.Secret}, "scope": {scope}})
	if got := ask(c.fake.Tenant, url.Values{"client_id": {app.ClientID}, "client_secret": {"x"}}); !strings.Contains(fmt.Sprint(got.body), "AADSTS7000215") {
		t.Errorf("%v", got.body)
	}
	if got := ask("other", url.Values{"client_id": {app.ClientID}}); !strings.Contains(fmt.Sprint(got.body), "AADSTS90002") {
		t.Errorf("%v", got.body)
	}
	issuer := c.fake.Issuer("github")
	assertion := url.Values{"client_id": {app.ClientID}, "scope": {scope}, "client_assertion": {c.fake.Assertion(issuer, "repo:a")}}
	if got := ask(c.fake.Tenant, assertion); !strings.Contains(fmt.Sprint(got.body), "AADSTS70021") {
		t.Errorf("%v", got.body)
	}
	c.fake.Trust(app, issuer, "repo:a")
	assertion.Set("ok", "1")
	ask(c.fake.Tenant, assertion)

	// A managed identity's credentials are resources.
	identity, principal := c.fake.Identity("rg", "jobs")
	c.must(201, "PUT", identity+"/federatedIdentityCredentials/k8s?api-version=2023-01-31", fmt.Sprintf(
		`{"properties":{"issuer":%q,"subject":"system:serviceaccount:a:b","audiences":["api://AzureADTokenExchange"]}}`, issuer))
	ask(c.fake.Tenant, url.Values{"ok": {"1"}, "client_id": {principal.ClientID}, "scope": {scope}, "client_assertion": {c.fake.Assertion(issuer, "system:serviceaccount:a:b")}})

	keys := c.must(200, "GET", "/"+c.fake.Tenant+"/discovery/v2.0/keys", "")
	if len(keys.body["keys"].([]any)) != 1 {
		t.Errorf("%v", keys.body)
	}
}

func TestRefusedTokens(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := start(t, armfake.Options{Now: func() time.Time { return now }})
	read := func(token string) string {
		return c.must(401, "GET", "/subscriptions/"+c.fake.Subscription+"?api-version=2022-12-01", "", "Authorization", "Bearer "+token).code()
	}
	if got := read(c.fake.Token(c.as, c.fake.Audience(), -time.Hour)); got != "ExpiredAuthenticationToken" {
		t.Error(got)
	}
	if got := read(c.fake.Token(c.as, "https://vault.azure.net", time.Hour)); got != "InvalidAuthenticationTokenAudience" {
		t.Error(got)
	}
	if got := read(c.fake.Token(c.as, c.fake.Audience(), time.Hour) + "x"); got != "InvalidAuthenticationToken" {
		t.Error(got)
	}
	if got := read(c.fake.Sign(map[string]any{"exp": now.Unix() + 60, "aud": c.fake.Audience(), "tid": "other"})); got != "InvalidAuthenticationTokenTenant" {
		t.Error(got)
	}
}

func TestRoles(t *testing.T) {
	c := start(t, armfake.Options{})
	reader := c.fake.Application("plan")
	c.fake.Assign(reader, armfake.Reader, "/subscriptions/"+c.fake.Subscription)
	id := c.fake.ResourceGroup("rg") + "/providers/Microsoft.Insights/actionGroups/one?api-version=2023-01-01"
	as := caller{t, c.fake, reader}
	as.must(404, "GET", id, "")
	if got := as.must(403, "PUT", id, group); !strings.Contains(fmt.Sprint(got.body), "Microsoft.Insights/actionGroups/write") {
		t.Errorf("%v", got.body)
	}
	contributor := c.fake.Application("apply")
	c.fake.Assign(contributor, armfake.Contributor, "/subscriptions/"+c.fake.Subscription)
	as.as = contributor
	as.must(201, "PUT", id, group)
	as.must(403, "PUT", c.fake.ResourceGroup("rg")+"/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000001?api-version=2022-04-01",
		`{"properties":{}}`)
}

func TestMisbehaviour(t *testing.T) {
	c := start(t, armfake.Options{})
	id := c.fake.ResourceGroup("rg") + "/providers/Microsoft.Insights/actionGroups/one?api-version=2023-01-01"
	c.fake.Misbehave(armfake.Throttle(3*time.Second), 1, nil)
	if got := c.must(429, "PUT", id, group); got.header.Get("Retry-After") != "3" {
		t.Errorf("%v", got.header)
	}
	c.fake.Misbehave(armfake.LoseReply(), 1, armfake.Is("PUT", "Microsoft.Insights/actionGroups"))
	if _, err := c.send("PUT", id, group); err == nil {
		t.Error("the reply was not lost")
	}
	c.must(200, "GET", id, "")
	c.fake.Misbehave(armfake.Cut(), 1, armfake.Writes)
	if _, err := c.send("DELETE", id, ""); err == nil {
		t.Error("the connection was not cut")
	}
	c.must(200, "GET", id, "")
	end := c.fake.Misbehave(armfake.ServerError(), 0, nil)
	c.must(500, "GET", id, "")
	c.must(500, "GET", id, "")
	end()
	c.must(200, "GET", id, "")
	c.fake.DelayReads("Microsoft.Insights/actionGroups", 1)
	late := strings.Replace(id, "one", "late", 1)
	c.must(201, "PUT", late, group)
	c.must(404, "GET", late, "")
	c.must(200, "GET", late, "")
	c.must(412, "PUT", id, group, "If-Match", `"other"`)
	c.must(412, "PUT", id, group, "If-None-Match", "*")
	context, cancel := context.WithCancel(t.Context())
	c.fake.Misbehave(armfake.Hang(), 1, func(armfake.Call) bool { cancel(); return true })
	request, _ := http.NewRequestWithContext(context, http.MethodGet, c.fake.URL+id, nil)
	if _, err := c.fake.Client().Do(request); err == nil {
		t.Error("it did not hang")
	}
}

func TestLongRunning(t *testing.T) {
	c := start(t, armfake.Options{})
	id := c.fake.ResourceGroup("rg") + "/providers/Microsoft.Insights/actionGroups/one?api-version=2023-01-01"
	c.fake.LongRunning("Microsoft.Insights/actionGroups", armfake.Lasting{Style: armfake.AsyncOperation, Polls: 2})
	started := c.must(201, "PUT", id, group)
	at := started.header.Get("Azure-AsyncOperation")
	if got := c.must(200, "GET", at, ""); got.body["status"] != "InProgress" {
		t.Errorf("%v", got.body)
	}
	if got := c.must(200, "GET", at, ""); got.body["status"] != "Succeeded" {
		t.Errorf("%v", got.body)
	}
	c.fake.LongRunning("Microsoft.Insights/actionGroups", armfake.Lasting{Style: armfake.Location, Polls: 2})
	at = c.must(202, "DELETE", id, "").header.Get("Location")
	c.must(202, "GET", at, "")
	c.must(200, "GET", id, "")
	c.must(204, "GET", at, "")
	c.must(404, "GET", id, "")
}

func TestImmutability(t *testing.T) {
	c := start(t, armfake.Options{})
	container := c.fake.StorageAccount("rg", "acc", "") + "/blobServices/default/containers/audit"
	policy, version := container+"/immutabilityPolicies/default", "?api-version=2025-06-01"
	c.must(201, "PUT", container+version, `{"properties":{"publicAccess":"None"}}`)
	days := `{"properties":{"immutabilityPeriodSinceCreationInDays":%d}}`
	first := c.must(201, "PUT", policy+version, fmt.Sprintf(days, 30))
	c.must(400, "POST", policy+"/lock"+version, "")
	c.must(412, "POST", policy+"/lock"+version, "", "If-Match", `"old"`)
	locked := c.must(200, "POST", policy+"/lock"+version, "", "If-Match", first.body["etag"].(string))
	if locked.body["properties"].(map[string]any)["state"] != "Locked" {
		t.Errorf("%v", locked.body)
	}
	c.must(409, "DELETE", policy+version, "", "If-Match", locked.body["etag"].(string))
	c.must(409, "PUT", policy+version, fmt.Sprintf(days, 10))
	c.must(200, "POST", policy+"/extend"+version, fmt.Sprintf(days, 60), "If-Match", locked.body["etag"].(string))
	c.fake.HoldBlobs(container, true)
	c.must(409, "DELETE", container+version, "")
	if got := c.must(200, "GET", container+version, ""); got.body["properties"].(map[string]any)["hasImmutabilityPolicy"] != true {
		t.Errorf("%v", got.body)
	}
	c.fake.HoldBlobs(container, false)
	c.must(200, "DELETE", container+version, "")
}

func TestFixtures(t *testing.T) {
	c := start(t, armfake.Options{})
	cluster := c.fake.Cluster("rg", "aks", []byte("kubeconfig"))
	got := c.must(200, "POST", cluster+"/listClusterUserCredential?api-version=2026-05-01", "")
	if !strings.Contains(fmt.Sprint(got.body), "a3ViZWNvbmZpZw==") {
		t.Errorf("%v", got.body)
	}
	app := c.fake.Function("rg", "app", "onAlert", "KEY")
	if got := c.must(200, "POST", app+"/functions/onAlert/listKeys?api-version=2022-09-01", ""); got.body["default"] != "KEY" {
		t.Errorf("%v", got.body)
	}
	flow := c.fake.LogicApp("rg", "flow", "manual", "https://flow/x?sig=1")
	if got := c.must(200, "POST", flow+"/triggers/manual/listCallbackUrl?api-version=2019-05-01", ""); got.body["value"] != "https://flow/x?sig=1" {
		t.Errorf("%v", got.body)
	}
	component := c.fake.Component("rg", "ai", "")
	if got := c.must(200, "GET", component+"?api-version=2020-02-02", ""); !strings.Contains(fmt.Sprint(got.body), "InstrumentationKey=") {
		t.Errorf("%v", got.body)
	}
}

func TestRecording(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("MLOPS_RECORD_DIR", folder)
	c := start(t, armfake.Options{})
	id := c.fake.ResourceGroup("rg") + "/providers/Microsoft.Insights/actionGroups/one"
	c.must(201, "PUT", id+"?api-version=2023-01-01", group)
	files, _ := filepath.Glob(filepath.Join(folder, "arm-*.jsonl"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(bytes.TrimSpace(content), &line); err != nil || line["method"] != "PUT" || line["path"] != id || line["api-version"] != "2023-01-01" || line["body"] == nil {
		t.Errorf("%s %v", content, err)
	}
}
