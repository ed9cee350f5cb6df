// Package envelope is what every resource and data source of the provider shares, written once: decoding, timeouts, opening
// the project that an id names, planning ids and replacements, checks of what is known, saving state before waiting, and
// turning errors into diagnostics that name the attribute and say what to do.
//
// A resource is a Definition: a schema and plain functions over its model. Most are a Declaration, which makes the
// Definition of an object that is a spec in the store and, for some, a workload rendered from it. A data source is a Lookup.
//
// The package must not know any one resource, nor which platform a project is on.
package envelope
