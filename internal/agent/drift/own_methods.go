package drift

import "github.com/terraform-mlops/terraform-provider-mlops/internal/stats/peer"

// ownMethods says what our own ids stand for; numbers, categories and definition as in peer.Methods.
var ownMethods = map[string]peer.Method{
	"psi/quantile10": {Numbers: true, About: "The deciles of the frozen reference, rising, fewer where values repeat, open to both sides; nulls are a bin at the end where either side has any. " +
		"Half a row is added to every bin of both sides; sum of (p-q) ln(p/q). This decides."},
	"psi/levels": {Categories: true, About: "Values that are frequent enough on both sides, the most frequent first; the rare ones are one bin, nulls and values that the reference lacks one each at the end. " +
		"Half a row is added to every bin of both sides; sum of (p-q) ln(p/q). This decides."},
	"ks":                     {Numbers: true, About: "Kolmogorov-Smirnov distance to the reference's order statistics, at most 5,000 of them; the p-value is of all its rows."},
	"rank/auc":               {Numbers: true, About: "Probability that a current value is above one of the reference, 0.5 without a shift; the p-value is Mann and Whitney's."},
	"chi_square":             {Numbers: true, Categories: true, About: "Test of homogeneity over the bins of our PSI."},
	"cramers_v":              {Categories: true, About: "Strength of that, 0 to 1, not corrected for bias."},
	"wasserstein":            {Numbers: true, About: "First Wasserstein distance to the order statistics, in the column's unit."},
	"wasserstein/normalized": {Numbers: true, About: "The same over the reference's standard deviation (divisor n)."},
	"jensen_shannon/base2":   {Numbers: true, Categories: true, About: "Distance, base 2, over the bins of our PSI, not smoothed."},
	"hellinger":              {Numbers: true, Categories: true, About: "Hellinger distance over the bins of our PSI, not smoothed."},
	"kl/jeffreys":            {Numbers: true, Categories: true, About: "Sum of q ln(q/p) in nats with q the current side, over the bins of our PSI, half a row added to each."},
	"l_infinity":             {Numbers: true, Categories: true, About: "Largest difference of shares over the bins of our PSI."},
}

// Methods describes every method that a comparison knows: ours, then other projects'.
func Methods() []peer.Method {
	all := make([]peer.Method, 0, len(ownMethods))
	for _, id := range OwnMethods() {
		method := ownMethods[id]
		method.ID = id
		all = append(all, method)
	}
	return append(all, peer.Methods()...)
}
