// Package stats computes drift statistics and frozen profiles from arrays and counts. It is pure: it reads nothing, writes
// nothing, knows no clock, and judges nothing: thresholds and verdicts belong to agent/drift.
//
// Conventions: n is the size of the reference and m of the current sample; p and q are their shares by bin. A p-value is
// computed as a tail, never as one minus a distribution function, so that small ones are right. Every published number
// carries a method id that fixes binning, smoothing and base. Ours are:
//
//	psi/quantile10          sum (p-q) ln(p/q) over the deciles of the frozen reference (fewer where values repeat), open to
//	                        both sides; nulls are a bin where either side has any; half a row is added to every bin
//	psi/levels              the same over the values of a category: those too rare to be compared alone are one bin, those
//	                        that the reference lacks another, and single ones that changed beyond doubt stand alone
//	ks                      Kolmogorov-Smirnov distance to the reference's order statistics (at most 5,000), exact p-value
//	                        for small samples, else the finite law at round(nm/(n+m))
//	rank/auc                probability that a current value is above a reference value, p-value of Mann and Whitney
//	chi_square              test of homogeneity over the bins of psi
//	cramers_v               its strength, 0 to 1, without correction for bias
//	ks/edges, rank/auc/edges, wasserstein/edges
//	                        the same of a window that is known by counts between the reference's edges: see NumberTally
//	wasserstein             first Wasserstein distance to the order statistics, in the column's unit
//	wasserstein/normalized  the same over the reference's standard deviation (divisor n)
//	jensen_shannon/base2    distance (square root of the divergence) over the bins of psi, logarithms to base 2
//	hellinger, l_infinity   over the bins of psi, not smoothed
//	kl/jeffreys             sum q ln(q/p) in nats over the bins of psi, half a row added to every bin
//
// Other projects' definitions are in the package peer, by name.
package stats
