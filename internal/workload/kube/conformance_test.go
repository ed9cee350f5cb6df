package kube

import (
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/conformance"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) platform.Workloads { return newCluster(t).Client })
}

func TestConformanceOfAWalk(t *testing.T) {
	conformance.Run(t, func(t *testing.T) platform.Workloads { return newCluster(t).NewWalk() })
}
