package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// exchangeAudience is whom a token must be for to be exchanged for one of Entra's.
const exchangeAudience = "api://AzureADTokenExchange"

// pipelineVersion is of Azure DevOps' endpoint for tokens.
const pipelineVersion = "7.1"

const (
	assertionTimeout = 30 * time.Second
	assertionBytes   = 1 << 20
)

// oidcAssertion is where the proof of identity comes from. It is asked anew for every exchange: such tokens live for minutes.
func (c Config) oidcAssertion() func(context.Context) (string, error) {
	switch {
	case c.OIDCToken != "":
		return func(context.Context) (string, error) { return c.OIDCToken, nil }
	case c.OIDCTokenFilePath != "":
		return fromFile(c.OIDCTokenFilePath)
	case c.ADOServiceConnectionID != "":
		return c.fromPipeline
	default:
		return c.fromGitHub
	}
}

// fromFile reads a token file each time it is asked: whoever writes it renews it.
func fromFile(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		token, err := given("", path)
		if err != nil {
			return "", fmt.Errorf("OIDC token file: %w", err)
		}
		return token, nil
	}
}

// fromGitHub asks GitHub, or whoever speaks its protocol.
func (c Config) fromGitHub(ctx context.Context) (string, error) {
	at, err := url.Parse(c.OIDCRequestURL)
	if err != nil {
		return "", fmt.Errorf("%w: oidc_request_url is not a URL", mlops.ErrInvalid)
	}
	query := at.Query()
	query.Set("audience", exchangeAudience)
	at.RawQuery = query.Encode()
	return c.ask(ctx, http.MethodGet, at, "value", nil)
}

// fromPipeline asks Azure DevOps for a token of a service connection.
func (c Config) fromPipeline(ctx context.Context) (string, error) {
	at, err := url.Parse(c.OIDCRequestURL)
	if err != nil {
		return "", fmt.Errorf("%w: oidc_request_url is not a URL", mlops.ErrInvalid)
	}
	query := at.Query()
	query.Set("api-version", pipelineVersion)
	query.Set("serviceConnectionId", c.ADOServiceConnectionID)
	at.RawQuery = query.Encode()
	return c.ask(ctx, http.MethodPost, at, "oidcToken", map[string]string{"X-TFS-FedAuthRedirect": "Suppress", "Content-Type": "application/json"})
}

// ask sends the request token and reads one field of the answer. Neither is ever part of an error.
func (c Config) ask(ctx context.Context, method string, at *url.URL, field string, headers map[string]string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, assertionTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, at.String(), nil)
	if err != nil {
		return "", fmt.Errorf("%w: oidc_request_url is not a URL", mlops.ErrInvalid)
	}
	request.Header.Set("Authorization", "Bearer "+c.OIDCRequestToken)
	request.Header.Set("Accept", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	var sender policy.Transporter = http.DefaultClient
	if c.Transport != nil {
		sender = c.Transport
	}
	response, err := sender.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the URL, which may hold more than a host
		}
		return "", fmt.Errorf("OIDC token from %s: %w", at.Host, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("OIDC token from %s: it answered %s", at.Host, response.Status)
	}
	var answer map[string]any
	if err := json.NewDecoder(io.LimitReader(response.Body, assertionBytes)).Decode(&answer); err != nil {
		return "", fmt.Errorf("OIDC token from %s: its answer is not JSON", at.Host)
	}
	token, _ := answer[field].(string)
	if strings.TrimSpace(token) == "" {
		return "", fmt.Errorf("OIDC token from %s: its answer has no %q", at.Host, field)
	}
	return token, nil
}
