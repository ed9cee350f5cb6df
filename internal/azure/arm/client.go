package arm

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	armpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/policy"
	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Endpoint is where a cloud's management API is: "https://management.azure.com", and the audience of its tokens.
type Endpoint struct {
	URL      string
	Audience string
}

// Options of a client; zero values are for the public cloud.
type Options struct {
	// Transport is whoever sends requests, the SDK's own unless given.
	Transport policy.Transporter
	// Version of the product, for the service's own logs.
	Version string
	// RetryDelay before the first retry, 0.8 s unless given; it doubles up to a minute.
	RetryDelay time.Duration
	// TryTimeout ends a try that gets no answer, a minute unless given.
	TryTimeout time.Duration
	// PollEvery is how often a long-running operation is asked for where it does not say, 2 s unless given.
	PollEvery time.Duration
}

// retries of a call; with the delays that double, throttling of about a minute is sat out.
const retries = 6

// Client sends requests as one identity. It may be used from many goroutines.
type Client struct {
	base     *url.URL
	pipeline runtime.Pipeline
	poll     time.Duration
	delay    time.Duration
}

// New returns a client; it sends nothing yet.
func New(at Endpoint, credential azcore.TokenCredential, options Options) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(at.URL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("%w: resource manager endpoint %q: write https://host", mlops.ErrInvalid, at.URL)
	}
	if options.RetryDelay == 0 {
		options.RetryDelay = 800 * time.Millisecond
	}
	if options.TryTimeout == 0 {
		options.TryTimeout = time.Minute
	}
	if options.PollEvery == 0 {
		options.PollEvery = 2 * time.Second
	}
	to := policy.ClientOptions{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: "https://login.microsoftonline.com/", // the credential knows its own: nothing is sent there
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: base.String(), Audience: strings.TrimSuffix(at.Audience, "/.default")},
			},
		},
		Transport:       options.Transport,
		Telemetry:       policy.TelemetryOptions{ApplicationID: applicationID(options.Version)},
		Retry:           policy.RetryOptions{MaxRetries: retries, RetryDelay: options.RetryDelay, MaxRetryDelay: time.Minute, TryTimeout: options.TryTimeout},
		PerCallPolicies: []policy.Policy{stayHome{base.Host}},
		// A token in clear is for a loopback address alone.
		InsecureAllowCredentialWithHTTP: base.Scheme == "http" && (base.Hostname() == "127.0.0.1" || base.Hostname() == "localhost"),
	}
	pipeline, err := armruntime.NewPipeline("mlops", "v1.0.0", credential, runtime.PipelineOptions{}, &armpolicy.ClientOptions{ClientOptions: to})
	if err != nil {
		return nil, err
	}
	return &Client{base: base, pipeline: pipeline, poll: options.PollEvery, delay: options.RetryDelay}, nil
}

// applicationID is at most 24 characters without spaces.
func applicationID(version string) string {
	id := "mlops/" + strings.ReplaceAll(version, " ", "-")
	return id[:min(len(id), 24)]
}

// stayHome keeps tokens from going to another host that a reply names, in a next link or an operation's address. Services
// answer from regional hosts, too: westeurope.management.azure.com.
type stayHome struct{ host string }

// Do refuses a request to another host.
func (s stayHome) Do(request *policy.Request) (*http.Response, error) {
	if host := request.Raw().URL.Host; !strings.EqualFold(host, s.host) && !strings.HasSuffix(strings.ToLower(host), "."+strings.ToLower(s.host)) {
		return nil, fmt.Errorf("%w: a reply of %s points to %s: no token is sent there", mlops.ErrInvalid, s.host, host)
	}
	return request.Next()
}
