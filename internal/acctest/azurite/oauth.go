package azurite

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

type certificate struct {
	file, keyFile string
	pool          *x509.CertPool
}

// makeCertificate makes a certificate for the loopback address and another one that signs itself.
func makeCertificate(folder, address string) (certificate, error) {
	made := certificate{file: filepath.Join(folder, "certificate.pem"), keyFile: filepath.Join(folder, "key.pem"), pool: x509.NewCertPool()}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return made, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "azurite"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(address)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return made, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return made, err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	made.pool.AppendCertsFromPEM(public)
	if err := os.WriteFile(made.file, public, 0o600); err != nil {
		return made, err
	}
	return made, os.WriteFile(made.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)
}

func (c certificate) client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.pool, MinVersion: tls.VersionTLS12}}}
}

// StorageAudience is the audience of tokens for Blob storage.
const StorageAudience = "https://storage.azure.com"

// Token is a JWT that Azurite takes: it looks at issuer, audience and times, and not at the signature, which is empty.
func Token(expires time.Time, claims map[string]any) string {
	all := map[string]any{
		"iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000001/", "aud": StorageAudience,
		"iat": expires.Add(-2 * time.Hour).Unix(), "nbf": expires.Add(-2 * time.Hour).Unix(), "exp": expires.Unix(),
	}
	maps.Copy(all, claims)
	part := func(value any) string {
		text, _ := json.Marshal(value) // of strings and numbers
		return base64.RawURLEncoding.EncodeToString(text)
	}
	return part(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + part(all) + "." + base64.RawURLEncoding.EncodeToString([]byte("unsigned"))
}

// Credential gives tokens that Azurite takes.
type Credential struct {
	// Expires is when its tokens end; zero: in an hour.
	Expires time.Time
	// Claims are put over the usual ones.
	Claims map[string]any
}

// GetToken implements azcore.TokenCredential.
func (c Credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	expires := c.Expires
	if expires.IsZero() {
		expires = time.Now().Add(time.Hour)
	}
	// What is said of it is an hour, so that a token that has ended is sent, as after the clock of a machine went wrong.
	return azcore.AccessToken{Token: Token(expires, c.Claims), ExpiresOn: time.Now().Add(time.Hour)}, nil
}
