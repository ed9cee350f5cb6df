//go:build linux

package node

import (
	"encoding/json"
	"fmt"
)

// nodeCable is the node's end of the cable to its host.
const nodeCable = "eth0"

// PauseImage holds a pod's namespaces.
const PauseImage = "mlops.test/pause:1"

// first is the first process: it makes the namespaces a machine of their own and then collects orphans.
func (n *Node) first() string {
	return fmt.Sprintf(`set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/containerd /run/lock
touch /run/xtables.lock
mount --make-rshared /
ip link set lo up
while ! ip link show %[1]s >/dev/null 2>&1; do sleep 0.02; done
ip addr add %[2]s/24 dev %[1]s
ip link set %[1]s up
ip route add default via %[3]s
echo 1 > /proc/sys/net/ipv4/ip_forward
touch %[4]s
while :; do sleep 3600 & wait; done
`, nodeCable, n.network.node, n.network.host, n.path("connected"))
}

func (n *Node) containerdConfig() string {
	return fmt.Sprintf(`version = 2
root = %q
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
`, n.path("containerd"), runtimeSocket, PauseImage, plugins, n.path("cni"))
}

// cniConfig gives each pod a cable of its own to the node, which forwards: every packet passes the node's rules, and no bridge
// keeps one from them.
func (n *Node) cniConfig() ([]byte, error) {
	return json.Marshal(map[string]any{
		"cniVersion": "0.4.0", "name": "pods",
		"plugins": []any{
			map[string]any{"type": "ptp", "ipMasq": false, "ipam": map[string]any{
				"type": "host-local", "ranges": []any{[]any{map[string]any{"subnet": n.network.pods.String()}}},
				"routes": []any{map[string]any{"dst": "0.0.0.0/0"}}, "dataDir": n.path("addresses"),
			}},
			map[string]any{"type": "portmap", "capabilities": map[string]any{"portMappings": true}},
		},
	})
}

func (n *Node) kubeletConfig() ([]byte, error) {
	never := "0%"
	return json.Marshal(map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"address": n.network.node.String(), "port": kubeletPort, "healthzPort": 0,
		"authentication": map[string]any{
			"anonymous": map[string]any{"enabled": false}, "webhook": map[string]any{"enabled": false},
			"x509": map[string]any{"clientCAFile": n.plane.CertificateFile()},
		},
		"authorization": map[string]any{"mode": "AlwaysAllow"}, // of who has a certificate
		"cgroupDriver":  "cgroupfs", "cgroupRoot": n.cgroup(), "failCgroupV1": false, "failSwapOn": false,
		"containerRuntimeEndpoint": "unix://" + runtimeSocket, "resolvConf": "",
		"evictionHard":                map[string]any{"memory.available": "50Mi", "nodefs.available": never, "nodefs.inodesFree": never, "imagefs.available": never, "imagefs.inodesFree": never},
		"imageGCHighThresholdPercent": 100, "syncFrequency": "5s", "nodeStatusUpdateFrequency": "5s", "podPidsLimit": 1024,
		"podLogsDir": n.path("logs"), "staticPodPath": "", "registerNode": true, "maxPods": 100, "serializeImagePulls": false,
		"enforceNodeAllocatable": []string{"pods"}, "localStorageCapacityIsolation": false,
	})
}

func (n *Node) proxyConfig() ([]byte, error) {
	zero := 0
	return json.Marshal(map[string]any{
		"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
		"clientConnection": map[string]any{"kubeconfig": n.path("proxy.kubeconfig")},
		"bindAddress":      n.network.node.String(), "healthzBindAddress": "127.0.0.1:10256", "metricsBindAddress": "127.0.0.1:10249",
		"mode": "iptables", "clusterCIDR": n.network.pods.String(), "hostnameOverride": Name,
		"conntrack": map[string]any{"maxPerCore": zero, "min": zero, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
		"iptables":  map[string]any{"minSyncPeriod": "100ms", "syncPeriod": "30s"},
	})
}
