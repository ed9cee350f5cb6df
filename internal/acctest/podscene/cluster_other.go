//go:build !linux

package podscene

import (
	"context"
	"errors"
)

type cluster struct{}

func (s *Scene) startCluster(context.Context) error {
	if s.Kubeconfig == "" {
		return errors.New("a cluster is made on Linux only: set KUBECONFIG to use one that is there")
	}
	return s.client()
}
