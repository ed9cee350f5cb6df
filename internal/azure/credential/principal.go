package credential

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Principal is who a credential stands for in Entra.
type Principal struct {
	ObjectID string // in lower case
	// Application says that it is a service principal or managed identity, not a person.
	Application bool
}

// PrincipalOf reads a token of a credential. The signature is not checked: it is one's own token, and who takes it checks.
func PrincipalOf(ctx context.Context, of azcore.TokenCredential, scope string) (Principal, error) {
	token, err := of.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return Principal{}, err
	}
	var claims struct {
		ObjectID string `json:"oid"`
		Scopes   string `json:"scp"` // of what a person has delegated
	}
	unreadable := fmt.Errorf("%w: the token names no object id", mlops.ErrInvalid)
	parts := strings.Split(token.Token, ".")
	if len(parts) != 3 {
		return Principal{}, unreadable
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.ObjectID == "" {
		return Principal{}, unreadable
	}
	return Principal{ObjectID: strings.ToLower(claims.ObjectID), Application: claims.Scopes == ""}, nil
}
