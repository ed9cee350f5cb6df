package kube

import (
	"context"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Config says where an API server is and who asks. Of the ways to sign in, Token or a client certificate is given.
type Config struct {
	Host                 string // https://host:port
	CertificateAuthority []byte // PEM; nil trusts the system's authorities
	ServerName           string // "" for Host's
	// Token is asked before every request, so that it may expire meanwhile.
	Token                        func(ctx context.Context) (string, error)
	ClientCertificate, ClientKey []byte // PEM
	UserAgent                    string
	// Transport wraps every request; nil for none.
	Transport func(http.RoundTripper) http.RoundTripper
}

// callTimeout bounds one call; a server that hangs is an error then.
const callTimeout = 30 * time.Second

// InCluster is the configuration of a pod that has a token of its service account.
func InCluster() (Config, error) {
	found, err := rest.InClusterConfig()
	if err != nil {
		return Config{}, fmt.Errorf("the API server of this pod's cluster: %w", err)
	}
	transport, err := rest.TransportFor(found)
	if err != nil {
		return Config{}, fmt.Errorf("the API server of this pod's cluster: %w", err)
	}
	// The token's file is read again as it is renewed: that is the transport's work.
	return Config{Host: found.Host, Transport: func(http.RoundTripper) http.RoundTripper { return transport }}, nil
}

func (c Config) rest() (*rest.RESTClient, error) {
	if c.Host == "" {
		return nil, fmt.Errorf("%w: no address of an API server", mlops.ErrInvalid)
	}
	scheme := runtime.NewScheme()
	version := schema.GroupVersion{Version: "v1"}
	metav1.AddToGroupVersion(scheme, version) // knows how errors look
	config := &rest.Config{
		Host: c.Host, UserAgent: c.UserAgent,
		TLSClientConfig: rest.TLSClientConfig{CAData: c.CertificateAuthority, ServerName: c.ServerName, CertData: c.ClientCertificate, KeyData: c.ClientKey},
		ContentConfig: rest.ContentConfig{
			GroupVersion: &version, NegotiatedSerializer: serializer.NewCodecFactory(scheme).WithoutConversion(),
			AcceptContentTypes: runtime.ContentTypeJSON, ContentType: runtime.ContentTypeJSON,
		},
		QPS: -1, // the server says when it is too much, and is heard
	}
	if c.Token != nil {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &signer{token: c.Token, next: next} })
	}
	if c.Transport != nil {
		config.Wrap(c.Transport)
	}
	client, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("API server %s: %w", c.Host, err)
	}
	return client, nil
}

// signer puts the token of now into every request.
type signer struct {
	token func(ctx context.Context) (string, error)
	next  http.RoundTripper
}

func (s *signer) RoundTrip(request *http.Request) (*http.Response, error) {
	token, err := s.token(request.Context())
	if err != nil {
		return nil, fmt.Errorf("token for the cluster: %w", err)
	}
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+token)
	return s.next.RoundTrip(request)
}
