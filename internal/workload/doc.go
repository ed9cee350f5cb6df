// Package workload says what runs, as domain types: pods of containers, as services, jobs and schedules. It is a value,
// not a Kubernetes manifest and not a process; workload/kube and workload/local make it either. It renders what the
// platform should run from specs (render.go), as a pure function, so that provider and controller never disagree.
// It must not know a store, a cluster or a process.
package workload
