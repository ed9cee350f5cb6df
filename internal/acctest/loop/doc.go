// Package loop is the chaos tier: real processes, real folders, real kill -9. Its tests build the binaries once, declare a
// small project whose trainer behaves as it is told, run it with `mlops local`, and kill what a machine may kill at any
// moment: controllers, runners, replicas, jobs, terraform. Whatever was killed, the same end state must be reached, with
// nothing twice, nothing lost and no process left behind.
//
// The package holds tests only, and they know the product as its users do: by its binaries, its documents and /proc. How
// anything is done inside is for the packages that do it, and for their own tests.
package loop
