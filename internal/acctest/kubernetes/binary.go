package kubernetes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Version is the Kubernetes that build/go.mod asks for.
const Version = "1.37.2"

// Required makes a missing binary a failure instead of a skip, as in CI.
const Required = "MLOPS_REQUIRE_KUBERNETES"

// Binary is where `make kubernetes` puts the cluster's components, all in one program; fs.ErrNotExist where it was not built.
func Binary() (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	path := filepath.Join(cache, "terraform-provider-mlops", "kubernetes-"+Version, "hyperkube")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("control plane of Kubernetes %s: %w", Version, err)
	}
	return path, nil
}

func needBinary(t testing.TB) string {
	t.Helper()
	path, err := Binary()
	if errors.Is(err, fs.ErrNotExist) && os.Getenv(Required) == "" {
		t.Skipf("Kubernetes %s is not built: run `make kubernetes` (about ten minutes, once)", Version)
	}
	if err != nil {
		t.Fatalf("%v: run `make kubernetes`", err)
	}
	return path
}
