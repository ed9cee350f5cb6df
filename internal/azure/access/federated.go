package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// FederatedVersion of the identity API that is sent.
const FederatedVersion = "2023-01-31"

// Audience is what a token must be for before Entra exchanges it.
const Audience = "api://AzureADTokenExchange"

// Federated lets a Kubernetes service account have the tokens of a user-assigned identity.
type Federated struct {
	IdentityID string // ARM id
	Issuer     string // of the cluster: https://...
	Subject    string // system:serviceaccount:<namespace>:<name>
}

// ServiceAccount is the subject of one.
func ServiceAccount(namespace, name string) string {
	return "system:serviceaccount:" + namespace + ":" + name
}

// ID is the ARM id of the credential; its name is a function of issuer and subject.
func (f Federated) ID() string {
	sum := sha256.Sum256([]byte(f.Issuer + "\x00" + f.Subject))
	return f.IdentityID + "/federatedIdentityCredentials/mlops-" + hex.EncodeToString(sum[:8])
}

// String says the credential in words.
func (f Federated) String() string {
	return fmt.Sprintf("federated credential of %s for issuer %s and subject %s", f.IdentityID, f.Issuer, f.Subject)
}

// Command makes the credential by hand.
func (f Federated) Command() string {
	return fmt.Sprintf("az identity federated-credential create --ids %s --issuer %s --subject %s --audiences %s", quote(f.ID()), quote(f.Issuer), quote(f.Subject), Audience)
}

type federated struct {
	Properties struct {
		Issuer    string   `json:"issuer"`
		Subject   string   `json:"subject"`
		Audiences []string `json:"audiences"`
	} `json:"properties"`
}

// MissingFederated are the credentials that are not there, whatever their name; one list an identity.
func MissingFederated(ctx context.Context, client *arm.Client, wanted []Federated) ([]Federated, error) {
	has := map[string]map[[2]string]bool{}
	var missing []Federated
	for _, one := range wanted {
		key := strings.ToLower(one.IdentityID)
		if has[key] == nil {
			has[key] = map[[2]string]bool{}
			err := client.List(ctx, one.IdentityID+"/federatedIdentityCredentials", FederatedVersion, nil, func(data json.RawMessage) error {
				var found federated
				err := json.Unmarshal(data, &found)
				has[key][[2]string{found.Properties.Issuer, found.Properties.Subject}] = true
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("federated credentials of %s: %w", one.IdentityID, err)
			}
		}
		if !has[key][[2]string{one.Issuer, one.Subject}] {
			missing = append(missing, one)
			has[key][[2]string{one.Issuer, one.Subject}] = true // each once
		}
	}
	return missing, nil
}

// EnsureFederated makes the credentials that are missing, one after another: Azure refuses two writes at once to one
// identity. Another apply's writes are waited for until ctx ends.
func EnsureFederated(ctx context.Context, client *arm.Client, wanted []Federated) (fresh bool, err error) {
	missing, err := MissingFederated(ctx, client, wanted)
	if err != nil {
		return false, err
	}
	for _, one := range missing {
		var body federated
		body.Properties.Issuer, body.Properties.Subject, body.Properties.Audiences = one.Issuer, one.Subject, []string{Audience}
		err := alone(ctx, func() error { return client.Put(ctx, one.ID(), FederatedVersion, body, nil, arm.Condition{}) })
		if err != nil {
			return fresh, fmt.Errorf("%s: %w", one, err)
		}
		fresh = true
	}
	return fresh, nil
}

// RemoveFederated removes the credentials that EnsureFederated made, one after another.
func RemoveFederated(ctx context.Context, client *arm.Client, made []Federated) error {
	var faults []error
	for _, one := range made {
		err := alone(ctx, func() error { return client.Delete(ctx, one.ID(), FederatedVersion, arm.Condition{}) })
		if err != nil && !errors.Is(err, mlops.ErrNotFound) { // the identity itself may be gone
			faults = append(faults, fmt.Errorf("remove the %s: %w", one, err))
		}
	}
	return errors.Join(faults...)
}

// Waits for another writer of an identity, which needs seconds.
const (
	firstWait = 500 * time.Millisecond
	lastWait  = 8 * time.Second
)

// alone does a write again while another to the same identity goes on.
func alone(ctx context.Context, write func() error) error {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := write()
		var refused *arm.Error
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Code, "ConcurrentFederatedIdentityCredentials") {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}
