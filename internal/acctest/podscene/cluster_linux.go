package podscene

import (
	"context"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/node"
)

// cluster is one that was made for the scene.
type cluster struct {
	*node.Node
	plane *kubernetes.Plane
}

// startCluster makes a cluster of one node with the scene's images, unless one was given.
func (s *Scene) startCluster(ctx context.Context) error {
	if s.Kubeconfig != "" {
		return s.client()
	}
	made, err := node.Prepare(ctx)
	if err != nil {
		return err
	}
	s.cluster = &cluster{Node: made}
	s.ends = append(s.ends, made.Stop)
	s.options.Say("etcd, API server, controller manager and scheduler of Kubernetes " + kubernetes.Version)
	s.options.Address = made.Address()
	folder := filepath.Join(s.options.Folder, "plane")
	s.cluster.plane, err = kubernetes.Start(ctx, folder, kubernetes.Options{Address: made.Address(), Services: made.Services(), Nodes: []string{node.Name}})
	if err != nil {
		return err
	}
	s.ends[len(s.ends)-1] = func() error { // the node goes first, for it asks the control plane
		err := made.Stop()
		_ = s.cluster.plane.Stop()
		return err
	}
	s.Kubeconfig = s.cluster.plane.Kubeconfig()
	s.options.Say("a node with containerd and kubelet, in namespaces of its own")
	if err := made.Join(ctx, s.cluster.plane); err != nil {
		return err
	}
	files, err := WriteImages(ctx, s.options.Folder, s.options.Say)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := made.Import(ctx, file); err != nil {
			return err
		}
	}
	return s.client()
}

// Kill kills a container of a pod, in a cluster that was made for the scene.
func (s *Scene) Kill(ctx context.Context, container corev1.ContainerStatus) error {
	return s.cluster.Kill(ctx, container.ContainerID)
}
