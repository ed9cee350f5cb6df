package memstore_test

import (
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/conformance"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, func(*testing.T) platform.Store { return memstore.New() })
}
