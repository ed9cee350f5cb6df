// Package arm talks to Azure's management API: resources by ARM ID and api-version, JSON in and out. It retries what passes
// by itself, follows long-running operations to their end, and turns a refusal into words that say what to do. It must not
// know any type of resource, nor the product's: what a body holds is its caller's.
package arm
