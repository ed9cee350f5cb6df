package azure

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"

	"sigs.k8s.io/yaml"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/kube"
)

// clustersVersion is of the management API of AKS.
const clustersVersion = "2026-05-01"

// kubeconfig is a file of kubectl, as far as AKS fills it in.
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server string `json:"server"`
			CA     string `json:"certificate-authority-data"`
		} `json:"cluster"`
	} `json:"clusters"`
	Users []struct {
		User struct {
			Certificate string `json:"client-certificate-data"`
			Key         string `json:"client-key-data"`
			Token       string `json:"token"`
		} `json:"user"`
	} `json:"users"`
}

// configs are the ways to clusters that a session has asked for, by ARM ID.
type configs struct {
	lock sync.Mutex
	by   map[string]kube.Config
}

func (c *configs) forget() {
	c.lock.Lock()
	defer c.lock.Unlock()
	clear(c.by)
}

// aks asks for the user credentials of a cluster. Where it trusts Entra, which it then says with a command to run, the token
// is asked for here instead.
func (o *opened) aks(ctx context.Context, id string) (kube.Config, error) {
	known := &o.session.configs
	known.lock.Lock()
	defer known.lock.Unlock()
	key := mlops.PlaceKey(id)
	if config, ok := known.by[key]; ok {
		return config, nil
	}
	var answer struct {
		Kubeconfigs []struct {
			Value string `json:"value"`
		} `json:"kubeconfigs"`
	}
	if err := o.session.resources.Post(ctx, id, "listClusterUserCredential", clustersVersion, nil, &answer, arm.Condition{}); err != nil {
		return kube.Config{}, fmt.Errorf("credentials of %s: %w", id, err)
	}
	if len(answer.Kubeconfigs) == 0 {
		return kube.Config{}, fmt.Errorf("credentials of %s: %w: there are none", id, mlops.ErrInvalid)
	}
	config, err := o.session.readKubeconfig(answer.Kubeconfigs[0].Value)
	if err != nil {
		return kube.Config{}, fmt.Errorf("credentials of %s: %w", id, err)
	}
	if known.by == nil {
		known.by = map[string]kube.Config{}
	}
	known.by[key] = config
	return config, nil
}

// readKubeconfig takes a kubeconfig in base64 to pieces. No error repeats what is in it.
func (s *session) readKubeconfig(encoded string) (kube.Config, error) {
	unreadable := fmt.Errorf("%w: they are no kubeconfig", mlops.ErrInvalid)
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return kube.Config{}, unreadable
	}
	var read kubeconfig
	if err := yaml.Unmarshal(content, &read); err != nil || len(read.Clusters) == 0 || read.Clusters[0].Cluster.Server == "" {
		return kube.Config{}, unreadable
	}
	config := kube.Config{Host: read.Clusters[0].Cluster.Server, UserAgent: "mlops/" + version.Version, Token: s.clusterToken}
	if config.CertificateAuthority, err = base64.StdEncoding.DecodeString(read.Clusters[0].Cluster.CA); err != nil {
		return kube.Config{}, unreadable
	}
	if len(read.Users) == 0 {
		return config, nil
	}
	switch user := read.Users[0].User; {
	case user.Token != "":
		config.Token = func(context.Context) (string, error) { return user.Token, nil }
	case user.Certificate != "":
		config.Token = nil
		certificate, errCertificate := base64.StdEncoding.DecodeString(user.Certificate)
		key, errKey := base64.StdEncoding.DecodeString(user.Key)
		if errCertificate != nil || errKey != nil {
			return kube.Config{}, unreadable
		}
		config.ClientCertificate, config.ClientKey = certificate, key
	}
	return config, nil
}
