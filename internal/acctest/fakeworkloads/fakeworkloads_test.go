package fakeworkloads

import (
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/conformance"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, func(*testing.T) platform.Workloads { return New() })
}
