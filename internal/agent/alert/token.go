package alert

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Who calls a secure webhook: Azure Monitor's own application, which must hold the role in ours.
const (
	CallerApplication = "461e8683-5575-4561-ac7f-899cc907d62a"
	CallerRole        = "ActionGroupsSecureWebhook"
)

// leeway between our clock and Entra's.
const leeway = 5 * time.Minute

// Trust says whose tokens are taken.
type Trust struct {
	Authority string // https://login.microsoftonline.com
	Tenant    string
	// Audiences are our application's id and its identifier URI.
	Audiences []string
}

// Verifier checks tokens. It may be used from many goroutines.
type Verifier struct {
	trust   Trust
	issuers map[string]int // and the version of their tokens
	keys    *keys
	now     func() time.Time
}

// errNotAllowed says that a token is genuine, and its owner may not call here.
var errNotAllowed = errors.New("the caller may not call this webhook")

// NewVerifier fetches no key yet.
func NewVerifier(trust Trust, client *http.Client, now func() time.Time) (*Verifier, error) {
	trust.Authority = strings.TrimSuffix(trust.Authority, "/")
	if !strings.HasPrefix(trust.Authority, "https://") || trust.Tenant == "" || strings.ContainsAny(trust.Tenant, "/?#") || len(trust.Audiences) == 0 || slices.Contains(trust.Audiences, "") {
		return nil, fmt.Errorf("%w: whose tokens are taken is said by an https authority, a tenant and the audience of an application", mlops.ErrInvalid)
	}
	return &Verifier{
		trust: trust, now: now,
		issuers: map[string]int{trust.Authority + "/" + trust.Tenant + "/v2.0": 2, oldIssuer(trust.Authority) + "/" + trust.Tenant + "/": 1},
		keys:    &keys{url: trust.Authority + "/" + trust.Tenant + "/discovery/v2.0/keys", client: client, now: now},
	}, nil
}

// oldIssuer is the host of version 1 tokens.
func oldIssuer(authority string) string {
	if strings.HasSuffix(authority, "chinacloudapi.cn") {
		return "https://sts.chinacloudapi.cn"
	}
	return "https://sts.windows.net"
}

type tokenClaims struct {
	jwt.RegisteredClaims
	ApplicationV1 string   `json:"appid"`
	ApplicationV2 string   `json:"azp"`
	Tenant        string   `json:"tid"`
	Roles         []string `json:"roles"`
}

// Verify checks signature, time, issuer, audience, application and role.
func (v *Verifier) Verify(ctx context.Context, token string) error {
	var found tokenClaims
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(v.now)).
		ParseWithClaims(token, &found, func(token *jwt.Token) (any, error) {
			id, _ := token.Header["kid"].(string)
			return v.keys.get(ctx, id)
		})
	if err != nil {
		return err
	}
	version, known := v.issuers[found.Issuer]
	application := found.ApplicationV1
	if version == 2 {
		application = found.ApplicationV2
	}
	switch {
	case !known:
		return fmt.Errorf("issuer %q is not that of the tenant", found.Issuer)
	case found.Tenant != "" && !strings.EqualFold(found.Tenant, v.trust.Tenant):
		return fmt.Errorf("the token is of tenant %q", found.Tenant)
	case !slices.ContainsFunc(found.Audience, func(audience string) bool { return slices.Contains(v.trust.Audiences, audience) }):
		return fmt.Errorf("the token is for %v", []string(found.Audience))
	case !strings.EqualFold(application, CallerApplication):
		return fmt.Errorf("%w: it is application %q, not Azure Monitor's", errNotAllowed, application)
	case !slices.Contains(found.Roles, CallerRole):
		return fmt.Errorf("%w: Azure Monitor's application lacks the role %s in this application", errNotAllowed, CallerRole)
	}
	return nil
}
