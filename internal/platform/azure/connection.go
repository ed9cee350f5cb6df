// Package azure wires a project on Azure: a blob container as its store, Kubernetes clusters as its workloads, Azure Monitor
// and webhooks as its notifications. Together with platform/local it is the only place that knows which platform a project
// is on.
package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/cloud"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/credential"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/kube"
)

// What a person says of an identity and of a cloud.
type (
	Credential = credential.Config
	Cloud      = cloud.Settings
)

// Environments lists the names of clouds.
var Environments = cloud.Names

// Settings are who one is, and where. The zero value is the environment's.
type Settings struct {
	Cloud      Cloud
	Credential Credential
	// Clusters says who one is in clusters that are not AKS, by the short name that projects give them.
	Clusters map[string]ClusterLogin
	// Unknown names what is known after apply only: until then nobody can be asked.
	Unknown []string
}

// ClusterLogin is a way to sign in to a cluster: a token or a client certificate.
type ClusterLogin struct {
	Token                        string
	ClientCertificate, ClientKey string // PEM
}

// String hides everything.
func (ClusterLogin) String() string { return "ClusterLogin{...}" }

// GoString hides everything.
func (l ClusterLogin) GoString() string { return l.String() }

// Options are what a program or a test puts in the place of the real world.
type Options struct {
	Environment func(string) string // nil: os.Getenv
	// Transport sends every request but those to clusters; nil: the SDK's own.
	Transport policy.Transporter
	Now       func() time.Time
	// InCluster is the way of a pod to its own cluster; nil: its service account.
	InCluster func() (kube.Config, error)
	// Retry is how long the management API's clients wait before a first retry, and blobs between two looks for a role that
	// was given just now; 0: their defaults.
	Retry time.Duration
	// Poll is how often a job that somebody else runs is looked at; 0: the default.
	Poll time.Duration
	// TelemetryFolder keeps what was not sent yet; "": below the folder for temporary files, which is a volume in a pod.
	TelemetryFolder string
	// Try is how long one try of a call may go without an answer, from a cluster too; 0: the clients' defaults.
	Try time.Duration
}

// variableAccountKey is a shared key for Azurite. It counts only where the blob endpoint is given.
const variableAccountKey = "MLOPS_BLOB_ACCOUNT_KEY"

// Connection is one identity in one cloud, and what is known of the projects that it has opened. It may be used from many
// goroutines.
type Connection struct {
	options Options

	lock     sync.Mutex
	settings Settings
	session  *session
	projects map[string]*opened // by key of the place
}

// session is what settings have become.
type session struct {
	cloud      cloud.Cloud
	credential azcore.TokenCredential
	resources  *arm.Client
	accountKey string
	transport  policy.Transporter
	retry      policy.RetryOptions
	// accessPause is between two looks whether a role acts; 0: the store's default.
	accessPause time.Duration
	clusters    map[string]ClusterLogin
	inCluster   func() (kube.Config, error)
	configs     configs
	kube        kube.Options
}

// New returns a connection with the environment's identity; Configure gives it another. It asks nobody yet.
func New(options Options) *Connection {
	if options.Environment == nil {
		options.Environment = os.Getenv
	}
	if options.InCluster == nil {
		options.InCluster = kube.InCluster
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Connection{options: options, projects: map[string]*opened{}}
}

// Configure gives the connection an identity, and makes it forget what it knows of projects.
func (c *Connection) Configure(settings Settings) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.settings, c.session, c.projects = settings, nil, map[string]*opened{}
}

// Validate says what is wrong with settings, the environment's included; paths are names of attributes.
func (c *Connection) Validate(settings Settings) []mlops.Problem {
	problems := settings.Cloud.WithEnvironment(c.options.Environment).Validate()
	return append(problems, settings.Credential.WithEnvironment(c.options.Environment).Validate()...)
}

// open makes a session of the settings, once.
func (c *Connection) open(ctx context.Context) (*session, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.session != nil {
		return c.session, nil
	}
	if len(c.settings.Unknown) > 0 {
		return nil, fmt.Errorf("azure: %w: the provider's %s is known after apply only", mlops.ErrUnreachable, strings.Join(c.settings.Unknown, ", "))
	}
	in, err := c.settings.Cloud.WithEnvironment(c.options.Environment).Resolve(ctx, c.client())
	if err != nil {
		return nil, fmt.Errorf("azure: %w", err)
	}
	made := &session{
		cloud: in, clusters: c.settings.Clusters, inCluster: c.options.InCluster, transport: c.options.Transport, accessPause: c.options.Retry,
		retry: policy.RetryOptions{RetryDelay: c.options.Retry, TryTimeout: c.options.Try}, kube: kube.Options{Try: c.options.Try},
	}
	if in.Blob != "" {
		made.accountKey = c.options.Environment(variableAccountKey)
	}
	config := c.settings.Credential
	if config.TenantID == "" && config.ClientID == "" && !config.UseOIDC && !config.UseMSI {
		config = credential.OfPod(c.options.Environment) // a pod's own, where it has one
	} else {
		config = config.WithEnvironment(c.options.Environment)
	}
	if config.Transport = c.options.Transport; c.settings.Credential.UseCLI != nil {
		config.UseCLI = c.settings.Credential.UseCLI
	}
	if made.credential, err = credential.New(config, in); err != nil {
		return nil, err
	}
	made.resources, err = arm.New(arm.Endpoint{URL: in.ResourceManager, Audience: in.ResourceManagerAudience}, made.credential,
		arm.Options{Transport: c.options.Transport, Version: version.Version, RetryDelay: c.options.Retry, TryTimeout: c.options.Try})
	if err != nil {
		return nil, err
	}
	c.session = made
	return made, nil
}

// client sends plain requests.
func (c *Connection) client() *http.Client {
	if sender, ok := c.options.Transport.(*http.Client); ok && sender != nil {
		return sender
	}
	return http.DefaultClient
}

// unreachable says that nobody could be asked, unless the error is an answer.
func unreachable(err error) error {
	for _, answer := range []error{nil, mlops.ErrNotFound, mlops.ErrExists, mlops.ErrConflict, mlops.ErrInvalid, mlops.ErrUnreachable} {
		if errors.Is(err, answer) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", mlops.ErrUnreachable, err)
}

// Given says whether a person has said anything of who he is or where.
func (s Settings) Given() bool {
	return s.Credential != (Credential{}) || s.Cloud != (Cloud{}) || len(s.Clusters) > 0
}
