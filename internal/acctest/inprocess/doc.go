// Package inprocess is as much of Terraform as a provider notices, in this process: it evaluates a configuration, refreshes,
// plans and applies one resource after another, each walk with a provider of its own, and keeps state. A test that needs
// hundreds of applies has them in the time that real Terraform needs to start; a handful of real ones show that both agree. It
// replaces nothing, has no modules, counts and data sources, and must not know the product's resources.
package inprocess
