// Package stats computes drift statistics and frozen profiles from arrays and counts. It is pure: it reads nothing, writes
// nothing, knows no clock, and judges nothing: thresholds and verdicts belong to agent/drift.
//
// Conventions: n is the size of the reference and m of the current sample; p and q are their shares by bin. A p-value is
// computed as a tail, never as one minus a distribution function, so that small ones are right. Every published number
// carries a method id that fixes binning, smoothing and base, for example psi/quantile10.
package stats
