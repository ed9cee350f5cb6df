package kubernetes

import (
	"context"
	"os"
	"sync"
	"testing"
)

var shared struct {
	sync.Mutex
	plane *Plane
	err   error
}

// Main runs a package's tests and stops the control plane that they shared; call it from TestMain.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.plane != nil {
		_ = shared.plane.Stop()
		shared.plane = nil
	}
	return code
}

// Shared is the control plane of this package's tests, started for the first that asks. Its tests keep apart by namespaces.
func Shared(t testing.TB) *Plane {
	t.Helper()
	binary := needBinary(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.plane == nil && shared.err == nil {
		dir, err := os.MkdirTemp("", "kubernetes-") //nolint:usetesting // it outlives the test that asks first
		if err == nil {
			shared.plane, err = start(context.Background(), binary, dir, Options{})
		}
		shared.err = err
	}
	if shared.err != nil {
		t.Fatalf("control plane: %v", shared.err)
	}
	return shared.plane
}

// New is a control plane of one test's own.
func New(t testing.TB) *Plane {
	t.Helper()
	plane, err := start(t.Context(), needBinary(t), t.TempDir(), Options{})
	if err != nil {
		t.Fatalf("control plane: %v", err)
	}
	t.Cleanup(func() { _ = plane.Stop() })
	return plane
}

// Start is a control plane in a folder that it makes and removes, until Stop; fs.ErrNotExist where none was built.
func Start(ctx context.Context, dir string, options Options) (*Plane, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return start(ctx, binary, dir, options)
}
