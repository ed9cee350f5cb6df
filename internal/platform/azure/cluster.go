package azure

import (
	"cmp"
	"context"
	"fmt"
	"maps"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/cloud"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/kube"
)

// cluster is a client of one of the project's clusters. A pod talks to its own as its service account.
func (o *opened) cluster(ctx context.Context, own mlops.Project, name, here string) (*kube.Client, error) {
	config, err := o.clusterConfig(ctx, own.Azure.Clusters[name], name, here)
	if err != nil {
		return nil, err
	}
	return kube.New(config, o.placement(own, name), o.session.kube)
}

func (o *opened) clusterConfig(ctx context.Context, declared mlops.AzureCluster, name, here string) (kube.Config, error) {
	if name == here {
		return o.session.inCluster()
	}
	if declared.ID != "" {
		return o.aks(ctx, declared.ID)
	}
	config := kube.Config{Host: declared.Host, CertificateAuthority: []byte(declared.ClusterCACertificate)}
	login, known := o.session.clusters[name]
	switch {
	case login.Token != "":
		config.Token = func(context.Context) (string, error) { return login.Token, nil }
	case login.ClientCertificate != "":
		config.ClientCertificate, config.ClientKey = []byte(login.ClientCertificate), []byte(login.ClientKey)
	case known:
		return config, fmt.Errorf("%w: the provider's clusters.%s is empty: give a token, or a client_certificate with its client_key", mlops.ErrInvalid, name)
	default:
		config.Token = o.session.clusterToken // a cluster that trusts Entra
	}
	return config, nil
}

// clusterToken is Entra's, for the API servers of AKS and of what Arc connects.
func (s *session) clusterToken(ctx context.Context) (string, error) {
	token, err := s.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{cloud.KubernetesServerApplication + "/.default"}})
	return token.Token, err
}

// placement is where a project's objects go in one cluster, and what they carry.
func (o *opened) placement(own mlops.Project, name string) kube.Placement {
	placement := placed(own, name)
	placement.Place = o.place
	placement.AgentEnvironment = maps.Clone(o.session.cloud.Variables())
	if placement.AgentEnvironment == nil {
		placement.AgentEnvironment = map[string]string{}
	}
	placement.AgentEnvironment[variableCluster] = name
	return placement
}

// placed is what the project's spec alone says of a placement.
func placed(own mlops.Project, name string) kube.Placement {
	return kube.Placement{
		Project: own.Name, Place: own.Place(), Namespace: cmp.Or(own.Azure.Clusters[name].Namespace, own.Name), NamePrefix: own.Azure.NamePrefix,
		Labels: own.Azure.Labels, Annotations: own.Azure.Annotations, AgentImage: agentImage(own),
		ImagePullSecrets: own.Azure.ImagePullSecrets, Identities: has(own.Azure.Identities),
	}
}

// has says which roles have an identity, which is all that their pods say of it: service accounts name its client id, and
// only Ground.Settle asks for that.
func has(declared *mlops.AzureIdentities) kube.Identities {
	ids := identityIDs(declared)
	return kube.Identities{Control: ids["control"], Jobs: ids["jobs"], Serving: ids["serving"]}
}

// Endpoint is the stable address of a service in its cluster, known before the project is there. "" where it has no cluster.
func Endpoint(own mlops.Project, deployment mlops.Deployment) string {
	if own.Azure == nil || len(own.Azure.Clusters) == 0 {
		return ""
	}
	return placed(own, own.Azure.ClusterOf(deployment.Cluster)).Endpoint(deployment.Name)
}
