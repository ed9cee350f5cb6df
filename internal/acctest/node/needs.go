//go:build linux

package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Wanted is the variable of the environment without which tests leave nodes alone: they take root and minutes.
const Wanted = "MLOPS_TEST_PODS"

// plugins is where Debian puts the plugins of CNI.
const plugins = "/usr/lib/cni"

// programs are what a node is made of beside the binary of package kubernetes.
var programs = []string{"containerd", "containerd-shim-runc-v2", "ctr", "runc", "iptables", "conntrack", "ip", "nsenter", "mount"}

// ErrMissing is why a machine cannot be a node.
var ErrMissing = errors.New("this machine cannot run pods")

// Missing says what a node lacks on this machine, and how to get it; nil for nothing.
func Missing() error {
	if os.Getuid() != 0 {
		return fmt.Errorf("%w: it takes root", ErrMissing)
	}
	var absent []string
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			absent = append(absent, program)
		}
	}
	for _, plugin := range []string{"ptp", "host-local", "portmap", "loopback"} {
		if _, err := os.Stat(filepath.Join(plugins, plugin)); err != nil {
			absent = append(absent, filepath.Join(plugins, plugin))
		}
	}
	if len(absent) > 0 {
		return fmt.Errorf("%w: there is no %s: run `make node-tools`, or install containerd, runc, containernetworking-plugins, iptables, conntrack and iproute2",
			ErrMissing, strings.Join(absent, ", no "))
	}
	return nil
}
