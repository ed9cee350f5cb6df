// Package local runs workloads as processes of one machine. It has two halves that meet only in files:
//
//   - Client implements platform.Workloads. It writes what is wanted and reads what was observed; provider, controller and
//     command line use it, each in a process of its own.
//   - Run is the supervisor inside `mlops local`. It starts pods, probes them, replaces them, and gives every service one
//     stable address. RunPod is the small process that holds one pod, so that pods outlive a supervisor that is killed.
//
// The folder of a runner, which lies beside the store and never in it:
//
//	lock                          held by the runner for its life; names its process
//	workloads.lock                held while a wanted document is compared and swapped
//	workloads/<kind>/<name>.json  what is wanted: written by Client only
//	status/<kind>/<name>.json     what was observed: written by the runner only
//	rolled/<name>.json            the last manifest of a service that was rolled out in full: what is kept alive meanwhile
//	pods/<pod>/pod.json           what the pod runs: written once, before its process starts
//	pods/<pod>/status.json        what became of it: written by its process, or by the runner once that is lost
//	pods/<pod>/logs/<container>.log
//	state/<service>/              what a service keeps beyond its pods; gone once it is deleted and nothing is in it
//	metrics/<source>.prom         numbers for machines: written by whoever has some, served by the gateway at /-/metrics
//
// What one machine does not promise: isolation between containers, limits of CPU and memory, autoscaling (a service runs
// its minimum), and an address while the runner is down. A user's container gets an empty home of its own, which is also
// its working folder; its program is found on the PATH that the runner was given.
//
// Client works wherever the provider does; the runner works on Linux and macOS, and only Linux promises that a container
// dies with the process that holds its pod.
//
// The package must not know the store, specs, logs or Terraform.
package local
