// Package node runs one real node of a Kubernetes cluster for tests: containerd and runc from the system's packages, kubelet
// and kube-proxy from the binary of package kubernetes, all in mount, process and network namespaces of their own, so that
// the machine keeps none of it: when the node's first process ends, also by the death of whoever started it, the kernel ends
// every container, every mount, every interface and every rule with it. What is left, cgroups, is removed by name. Images are
// imported from files: there is no registry. It must not know what runs on it.
package node
