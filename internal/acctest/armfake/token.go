package armfake

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const keyID = "armfake-1"

// Sign makes a token of any claims, signed by the key that the fake publishes.
func (f *Fake) Sign(claims map[string]any) string {
	header, _ := json.Marshal(map[string]any{"alg": "RS256", "typ": "JWT", "kid": keyID})
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err) // a test's own claims
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, f.key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// Token is what Entra gives a principal for an audience: a version 1 token, which Azurite takes, too.
func (f *Fake) Token(of Principal, audience string, lives time.Duration) string {
	now := f.options.Now()
	return f.Sign(map[string]any{
		"iss": "https://sts.windows.net/" + f.Tenant + "/", "tid": f.Tenant, "aud": audience, "oid": of.ObjectID, "sub": of.ObjectID, "appid": of.ClientID,
		"iat": now.Unix() - 60, "nbf": now.Unix() - 60, "exp": now.Add(lives).Unix(), "ver": "1.0", "jti": f.uuid(),
	})
}

// Credential gives a principal's tokens without asking Entra.
func (f *Fake) Credential(of Principal) azcore.TokenCredential { return credential{f, of} }

type credential struct {
	fake *Fake
	of   Principal
}

// GetToken signs one for the first scope.
func (c credential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if err := ctx.Err(); err != nil {
		return azcore.AccessToken{}, err
	}
	if len(options.Scopes) == 0 {
		return azcore.AccessToken{}, errors.New("no scope")
	}
	token := c.fake.Token(c.of, strings.TrimSuffix(options.Scopes[0], "/.default"), time.Hour)
	return azcore.AccessToken{Token: token, ExpiresOn: c.fake.options.Now().Add(time.Hour)}, nil
}

// Verify says whose object id a token of this Entra names, if it is good for an audience.
func (f *Fake) Verify(token, audience string) (objectID string, err error) {
	read, err := verify(token, &f.key.PublicKey, f.options.Now())
	if err != nil {
		return "", err
	}
	if got := text(read["aud"]); strings.TrimSuffix(got, "/") != audience {
		return "", errors.New("the token is for " + got)
	}
	return text(read["oid"]), nil
}

// claims reads a token without looking at its signature.
func claims(token string) (map[string]any, string, []byte, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, "", nil, errors.New("not a token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, "", nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, "", nil, err
	}
	var read map[string]any
	if err := json.Unmarshal(payload, &read); err != nil {
		return nil, "", nil, err
	}
	return read, parts[0] + "." + parts[1], signature, nil
}

// verify checks the signature with a public key, as RS256 or PS256, and the time.
func verify(token string, key *rsa.PublicKey, now time.Time) (map[string]any, error) {
	read, signed, signature, err := claims(token)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(signed))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) != nil && rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, nil) != nil {
		return nil, errors.New("the signature is not valid")
	}
	return read, current(read, now)
}

var errExpired = errors.New("the token has expired")

func current(read map[string]any, now time.Time) error {
	expires, _ := read["exp"].(float64)
	starts, _ := read["nbf"].(float64)
	switch {
	case expires <= float64(now.Unix()):
		return errExpired
	case starts > float64(now.Unix()):
		return errors.New("the token is not valid yet")
	}
	return nil
}
