// Package kube makes workloads run on a Kubernetes cluster, in one namespace, by server-side apply with one field manager.
// Rendering (Render, Project) is a pure function from a workload and a Placement to typed apply configurations; Client
// applies them and reads back what became of them. What was declared (the manifest, the sequences that its writer had seen,
// the fields that were sent) stands in annotations of the objects themselves, so that any number of writers agree and a hand
// edit shows without rendering anew. It must not know a store, Azure, or what the workloads are for.
package kube
