package podscene

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	control "github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
)

// Options of a scene.
type Options struct {
	// Folder is an empty one that the scene writes to.
	Folder string
	// Namespace that the scene makes for a project.
	Namespace string
	// Kubeconfig is a file that says where a cluster is and who is its administrator; "" makes one on this machine.
	Kubeconfig string
	// Address is this machine's, as pods of such a cluster reach it; "" for the one by which this machine reaches the cluster.
	Address string
	// Say is told what is being done, as it may take a while.
	Say func(string)
}

// Scene is one subscription with a storage account and a cluster.
type Scene struct {
	Cloud *armfake.Fake
	Blobs *azurite.Server
	Admin kubernetes.Interface // the cluster's administrator

	Namespace string
	// AccountID, ClusterID and InsightsID are ARM IDs, Identities by role ("control", "jobs", "serving").
	AccountID, ClusterID, InsightsID string
	Identities                       map[string]string
	// Terraform is who runs it.
	Terraform armfake.Principal
	// Kubeconfig and Authorities are files: how to sign in as administrator, and whom to trust in this cloud.
	Kubeconfig, Authorities string

	options Options
	cluster *cluster // nil where it is somebody else's
	ends    []func() error
}

const group = "ml"

// Start makes a scene. Where a cluster of its own lacks something of this machine, the error is node.ErrMissing or fs.ErrNotExist.
func Start(ctx context.Context, options Options) (*Scene, error) {
	if options.Say == nil {
		options.Say = func(string) {}
	}
	s := &Scene{Namespace: options.Namespace, Kubeconfig: options.Kubeconfig, options: options, Identities: map[string]string{}}
	for _, step := range []func(context.Context) error{s.startCluster, s.startCloud, s.declareCluster, s.prepareNamespace, s.startWebhook} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// Stop ends all that was started and removes what was made in a cluster that stays.
func (s *Scene) Stop() error {
	var faults []error
	for _, end := range slices.Backward(s.ends) {
		faults = append(faults, end())
	}
	s.ends = nil
	return errors.Join(faults...)
}

// startCloud runs the fakes.
func (s *Scene) startCloud(ctx context.Context) (err error) {
	s.options.Say("the fakes of Azure's management API, Entra and Blob storage at " + s.options.Address)
	if s.Cloud, err = armfake.New(armfake.Options{Address: s.options.Address}); err != nil {
		return err
	}
	s.ends = append(s.ends, func() error { s.Cloud.Close(); return nil })
	folder := filepath.Join(s.options.Folder, "blobs")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	blobs, stop, err := azurite.Open(ctx, folder, azurite.Options{OAuth: true, Address: s.options.Address})
	if err != nil {
		return err
	}
	s.Blobs = blobs
	s.ends = append(s.ends, func() error { stop(); return nil })
	certificate, err := os.ReadFile(blobs.CertificateFile)
	if err != nil {
		return err
	}
	s.Authorities = filepath.Join(s.options.Folder, "authorities.pem")
	if err := os.WriteFile(s.Authorities, append(s.Cloud.Certificate(), certificate...), 0o644); err != nil {
		return err
	}
	resources := s.Cloud.ResourceGroup(group)
	s.AccountID = s.Cloud.StorageAccount(group, azurite.DefaultAccount, blobs.Endpoint(azurite.DefaultAccount))
	s.InsightsID = s.Cloud.Component(group, "ml", "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://127.0.0.1:1/")
	for _, role := range []string{"control", "jobs", "serving"} {
		s.Identities[role], _ = s.Cloud.Identity(group, role)
	}
	s.Terraform = s.Cloud.Application("terraform")
	s.Cloud.Assign(s.Terraform, armfake.Owner, resources)
	s.Cloud.Observe(s.mirror)
	return nil
}

// mirror makes the containers that the management API was asked for: the fake keeps what it knows of one, Azurite what is in it.
func (s *Scene) mirror(call armfake.Call) {
	if call.Kind != armfake.Containers {
		return
	}
	if err := s.Blobs.Mirror(context.Background(), call.Method, path.Base(call.Path)); err != nil {
		s.options.Say(fmt.Sprintf("%s %s: %v", call.Method, call.Path, err))
	}
}

// declareCluster tells the management API of the cluster: its credentials, and who issues its tokens.
func (s *Scene) declareCluster(ctx context.Context) error {
	content, err := os.ReadFile(s.Kubeconfig)
	if err != nil {
		return err
	}
	var discovered struct {
		Issuer string `json:"issuer"`
	}
	answer, err := s.Admin.CoreV1().RESTClient().Get().AbsPath("/.well-known/openid-configuration").DoRaw(ctx)
	if err == nil {
		err = json.Unmarshal(answer, &discovered)
	}
	if err != nil {
		return fmt.Errorf("who issues the tokens of the cluster: %w", err)
	}
	s.ClusterID = s.Cloud.Cluster(group, "weu", content)
	s.Cloud.Put(s.ClusterID, map[string]any{"location": "westeurope", "properties": map[string]any{
		"disableLocalAccounts": true, "aadProfile": map[string]any{"managed": true},
		"oidcIssuerProfile": map[string]any{"enabled": true, "issuerURL": discovered.Issuer},
	}})
	return nil
}

// prepareNamespace makes the namespace, which takes no pod beneath the restricted standard, with what its pods trust.
func (s *Scene) prepareNamespace(ctx context.Context) error {
	_, err := s.Admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: s.Namespace, Labels: control.Restricted},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("namespace %s is there already: remove it, or choose another", s.Namespace)
	}
	if err != nil {
		return err
	}
	if s.cluster == nil {
		s.ends = append(s.ends, func() error {
			return s.Admin.CoreV1().Namespaces().Delete(context.Background(), s.Namespace, metav1.DeleteOptions{})
		})
	}
	trusted, err := os.ReadFile(s.Authorities)
	if err != nil {
		return err
	}
	_, err = s.Admin.CoreV1().ConfigMaps(s.Namespace).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: authorities}, Data: map[string]string{authoritiesKey: string(trusted)},
	}, metav1.CreateOptions{})
	return err
}

// Environment is that of a program on this machine which is Terraform in this cloud.
func (s *Scene) Environment() map[string]string {
	return map[string]string{
		"ARM_TENANT_ID": s.Cloud.Tenant, "ARM_CLIENT_ID": s.Terraform.ClientID, "ARM_CLIENT_SECRET": s.Terraform.Secret,
		"ARM_ENVIRONMENT": "public", "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST": s.Cloud.URL, "ARM_DISABLE_INSTANCE_DISCOVERY": "true",
		"ARM_RESOURCE_MANAGER_ENDPOINT": s.Cloud.URL, "ARM_RESOURCE_MANAGER_AUDIENCE": s.Cloud.Audience(),
		"MLOPS_BLOB_ENDPOINT": s.Blobs.URL + "/{account}", "SSL_CERT_FILE": s.Authorities,
	}
}

// Azure is the azure block of a project that lives in this scene.
func (s *Scene) Azure() map[string]any {
	identities := map[string]any{"manage_federated_credentials": true}
	for role, id := range s.Identities {
		identities[role] = id
	}
	return map[string]any{
		"store":                   map[string]any{"storage_account_id": s.AccountID},
		"clusters":                map[string]any{"weu": map[string]any{"id": s.ClusterID, "namespace": s.Namespace}},
		"identities":              identities,
		"manage_role_assignments": true,
		"agent_image":             AgentImage,
	}
}

// Place is that of a project in a container of the account.
func (s *Scene) Place(container string) string {
	return s.AccountID + "/blobServices/default/containers/" + container
}

// client signs in as the file says.
func (s *Scene) client() error {
	config, err := clientcmd.BuildConfigFromFlags("", s.Kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	if s.options.Address == "" {
		if s.options.Address, err = addressTowards(config.Host); err != nil {
			return fmt.Errorf("which address of this machine do pods reach? %w", err)
		}
	}
	s.Admin, err = kubernetes.NewForConfig(config)
	return err
}

// addressTowards is this machine's own, as it stands in packets to a host.
func addressTowards(host string) (string, error) {
	at, err := url.Parse(host)
	if err != nil {
		return "", err
	}
	connection, err := net.Dial("udp", net.JoinHostPort(at.Hostname(), "443")) // sends nothing
	if err != nil {
		return "", err
	}
	defer func() { _ = connection.Close() }()
	local, _, err := net.SplitHostPort(connection.LocalAddr().String())
	return local, err
}
