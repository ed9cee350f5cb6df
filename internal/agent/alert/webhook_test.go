package alert_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/alert"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// clock can be set.
type clock struct {
	lock sync.Mutex
	at   time.Time
}

func (c *clock) now() time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.at
}

func (c *clock) advance(span time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.at = c.at.Add(span)
}

func verifier(t *testing.T, fake *armfake.Fake, at *clock) *alert.Verifier {
	t.Helper()
	found, err := alert.NewVerifier(alert.Trust{Authority: fake.URL, Tenant: fake.Tenant, Audiences: []string{"api://mlops-hook", "our-app-id"}}, fake.Client(), at.now)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// good is what Entra gives Azure Monitor for a secure webhook: a version 2 token.
func good(fake *armfake.Fake, now time.Time) map[string]any {
	return map[string]any{
		"iss": fake.URL + "/" + fake.Tenant + "/v2.0", "tid": fake.Tenant, "aud": "our-app-id", "azp": alert.CallerApplication, "roles": []string{alert.CallerRole},
		"ver": "2.0", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

func with(claims map[string]any, name string, value any) map[string]any {
	if value == nil {
		delete(claims, name)
	} else {
		claims[name] = value
	}
	return claims
}

// Each single thing that is wrong with a token is enough to refuse it.
func TestVerify(t *testing.T) {
	at := &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	fake := armfake.Start(t, armfake.Options{Now: at.now})
	verify := verifier(t, fake, at)
	now := at.now()
	v1 := good(fake, now)
	v1["iss"], v1["appid"], v1["aud"] = "https://sts.windows.net/"+fake.Tenant+"/", v1["azp"], []string{"api://mlops-hook"}
	delete(v1, "azp")
	signed := fake.Sign(good(fake, now))
	parts := strings.Split(signed, ".")
	for name, test := range map[string]struct {
		token string
		want  string // "" is taken
	}{
		"version 2":         {signed, ""},
		"version 1":         {fake.Sign(v1), ""},
		"just expired":      {fake.Sign(with(good(fake, now), "exp", now.Add(-time.Minute).Unix())), ""}, // within the leeway
		"expired":           {fake.Sign(with(good(fake, now), "exp", now.Add(-10*time.Minute).Unix())), "expired"},
		"never expires":     {fake.Sign(with(good(fake, now), "exp", nil)), "exp"},
		"not yet":           {fake.Sign(with(good(fake, now), "nbf", now.Add(10*time.Minute).Unix())), "not valid yet"},
		"no nbf":            {fake.Sign(with(good(fake, now), "nbf", nil)), "nbf"},
		"other audience":    {fake.Sign(with(good(fake, now), "aud", "api://other")), "is for [api://other]"},
		"other tenant":      {fake.Sign(with(good(fake, now), "tid", "other")), "of tenant"},
		"other issuer":      {fake.Sign(with(good(fake, now), "iss", fake.URL+"/other/v2.0")), "issuer"},
		"other application": {fake.Sign(with(good(fake, now), "azp", "other")), `"other", not Azure Monitor's`},
		"appid in a v2":     {fake.Sign(with(with(good(fake, now), "azp", nil), "appid", alert.CallerApplication)), "not Azure Monitor's"},
		"no role":           {fake.Sign(with(good(fake, now), "roles", nil)), "lacks the role"},
		"no signature":      {parts[0] + "." + parts[1] + ".", "signature"},
		"another signature": {parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])), "signature"},
		"alg none":          {"eyJhbGciOiJub25lIn0." + parts[1] + ".", "signing method"},
		"hmac":              {"eyJhbGciOiJIUzI1NiIsImtpZCI6ImFybWZha2UtMSJ9." + parts[1] + "." + parts[2], "signing method"},
		"rubbish":           {"x", "malformed"},
		"nothing":           {"", "malformed"},
	} {
		err := verify.Verify(t.Context(), test.token)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// Keys are fetched once, again for a key that is new, and not for every key that somebody invents.
func TestKeys(t *testing.T) {
	at := &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	fake := armfake.Start(t, armfake.Options{Now: at.now})
	asked, broken := 0, false
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if broken {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		request, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, fake.URL+r.URL.Path, nil)
		response, err := fake.Client().Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		defer response.Body.Close()
		_, _ = io.Copy(w, response.Body)
	}))
	t.Cleanup(front.Close)
	verify, err := alert.NewVerifier(alert.Trust{Authority: front.URL, Tenant: fake.Tenant, Audiences: []string{"our-app-id"}}, front.Client(), at.now)
	if err != nil {
		t.Fatal(err)
	}
	claims := good(fake, at.now())
	claims["iss"], claims["exp"] = front.URL+"/"+fake.Tenant+"/v2.0", at.now().Add(48*time.Hour).Unix()
	token := fake.Sign(claims)
	for range 3 {
		if err := verify.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	parts := strings.Split(token, ".")
	invented := "eyJhbGciOiJSUzI1NiIsImtpZCI6Im90aGVyIn0." + parts[1] + "." + parts[2]
	for range 5 {
		if err := verify.Verify(t.Context(), invented); err == nil {
			t.Error("an invented key")
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	at.advance(25 * time.Hour)
	broken = true
	for range 3 {
		if err := verify.Verify(t.Context(), token); err == nil {
			t.Error("old keys are trusted for ever")
		}
	}
	broken = false
	at.advance(2 * time.Minute)
	if err := verify.Verify(t.Context(), token); err != nil || asked != 3 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}

func TestBadTrust(t *testing.T) {
	for _, trust := range []alert.Trust{
		{}, {Authority: "http://login", Tenant: "t", Audiences: []string{"a"}}, {Authority: "https://login", Audiences: []string{"a"}},
		{Authority: "https://login", Tenant: "t"}, {Authority: "https://login", Tenant: "t/..", Audiences: []string{"a"}}, {Authority: "https://login", Tenant: "t", Audiences: []string{""}},
	} {
		if _, err := alert.NewVerifier(trust, http.DefaultClient, time.Now); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%+v: %v", trust, err)
		}
	}
}

func TestReceiver(t *testing.T) {
	at := &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	fake := armfake.Start(t, armfake.Options{Now: at.now})
	var acted []string
	var fault error
	receiver := alert.NewReceiver(verifier(t, fake, at).Verify, func(_ context.Context, found alert.Alert) (string, error) {
		if fault == nil {
			acted = append(acted, found.Key())
		}
		return "done", fault
	}, hclog.NewNullLogger())
	token := fake.Sign(good(fake, at.now()))
	post := func(method, path, token, body string) int {
		request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		recorder := httptest.NewRecorder()
		receiver.ServeHTTP(recorder, request)
		return recorder.Code
	}
	fault = errors.New("the store is away")
	if got := post(http.MethodPost, alert.Path, token, logAlert); got != 503 {
		t.Errorf("%d", got)
	}
	fault = nil
	for range 3 {
		if got := post(http.MethodPost, alert.Path, token, logAlert); got != 200 {
			t.Errorf("%d", got)
		}
	}
	if got := post(http.MethodPost, alert.Path, token, strings.Replace(logAlert, "Fired", "Resolved", 1)); got != 200 || len(acted) != 2 || !strings.HasSuffix(acted[1], "/resolved") {
		t.Errorf("%d, acted on %v", got, acted)
	}
	for i, test := range []struct {
		method, path, token, body string
		want                      int
	}{
		{http.MethodPost, alert.Path, "", logAlert, 401},
		{http.MethodPost, alert.Path, token + "x", logAlert, 401},
		{http.MethodPost, alert.Path, fake.Sign(with(good(fake, at.now()), "azp", "other")), logAlert, 403},
		{http.MethodGet, alert.Path, token, "", 405},
		{http.MethodPost, "/other", token, logAlert, 404},
		{http.MethodPost, alert.Path, token, "{", 400},
		{http.MethodPost, alert.Path, token, strings.Repeat("x", alert.MaximumBytes+1), 413},
	} {
		if got := post(test.method, test.path, test.token, test.body); got != test.want {
			t.Errorf("%d: %d, want %d", i, got, test.want)
		}
	}
	for i := range 1100 {
		post(http.MethodPost, alert.Path, token, strings.Replace(logAlert, "alerts/A1", fmt.Sprint("alerts/B", i), 1))
	}
	if len(acted) != 1102 {
		t.Errorf("acted %d times", len(acted))
	}
}
