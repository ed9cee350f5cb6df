package kubernetes

import (
	"os"
	"regexp"
	"testing"
	"time"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestVersionIsWhatIsBuilt(t *testing.T) {
	module, err := os.ReadFile("build/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`k8s.io/kubernetes v(\S+)`).FindSubmatch(module)
	if found == nil || string(found[1]) != Version {
		t.Errorf("build/go.mod asks for %q, Version is %q", found, Version)
	}
}

func TestControlPlaneStarts(t *testing.T) {
	begin := time.Now()
	plane := Shared(t)
	t.Logf("%s is ready after %s", plane.Host, time.Since(begin).Round(time.Millisecond))
	if Shared(t) != plane {
		t.Error("another one for every test")
	}
}
