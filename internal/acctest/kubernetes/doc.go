// Package kubernetes starts a real control plane for tests: etcd, API server, controller manager and scheduler, as processes
// on free loopback ports, with certificates made for it and RBAC on. The binary is built from Go modules (build/, a module of
// its own) into the user's cache, once a version, by `make kubernetes`. There are no nodes: Kubelet plays one, so that pods
// start, fail and speak as a test says. It must not know what is tested.
package kubernetes
