package peer

// Method is what an id stands for.
type Method struct {
	ID string
	// Numbers and Categories say which columns it applies to; booleans count as categories.
	Numbers, Categories bool
	// About is the definition: bins, smoothing, base and what is printed.
	About string
}

// Methods describes all, in the order in which they are reported.
func Methods() []Method {
	described := make([]Method, len(methods))
	for i, m := range methods {
		described[i] = Method{ID: m.id, Numbers: m.numbers != nil, Categories: m.categories != nil, About: m.about}
	}
	return described
}

// How several methods of one project count.
const (
	evidentlyBins = "Numbers with more than 20 distinct values in the reference: NumPy's Sturges bins from the least to the greatest value of both sides together, in rising order. " +
		"Other numbers and categories: every distinct value of both sides. Shares are of all rows of a side. "
	evidentlyZero = "An empty bin has the share 0.0001, or a millionth of the smallest share of its side where that is at most 0.0001. "
	azureBins     = "Numbers: ceil(log2(rows of the smaller side) + 1) equal bins from the least value of both sides, edges at least + i x width, rising; a greatest value a rounding step above the last edge is not counted; " +
		"one value on both sides has one bin of 0.5 % to each side. Categories: every value of both sides. "
	nannyBinned = "Numbers: NumPy's Doane bins of the reference alone, rising; categories: the values of the reference in byte order. Current rows in none of them are one more bin at the end. "
)

// methods lists all in the order in which they are reported.
var methods = []method{
	{"scipy/ks", scipyKS, nil,
		"No bins. Kolmogorov-Smirnov distance; the p-value is exact while both sides have at most 10,000 values, else asymptotic at round(nm/(n+m))."},
	{"scipy/wasserstein", scipyWasserstein, nil, "No bins. First Wasserstein distance, in the column's unit."},
	{"evidently/psi", evidentlyNumbers(evidentlyPSI), evidentlyCategories(evidentlyPSI),
		evidentlyBins + evidentlyZero + "Sum of (p-q) ln(p/q), not normalised again."},
	{"evidently/kl", evidentlyNumbers(evidentlyKL), evidentlyCategories(evidentlyKL),
		evidentlyBins + evidentlyZero + "Normalised again, then sum of p ln(p/q) with p the reference."},
	{"evidently/jensen_shannon", evidentlyNumbers(evidentlyJensenShannon), evidentlyCategories(evidentlyJensenShannon),
		evidentlyBins + "Distance, base e: at most 0.8326."},
	{"evidently/hellinger", evidentlyHellinger, evidentlyHellingerCategories,
		"Numbers: NumPy's Sturges bins of the distinct values of both sides, rising, and the overlap of the densities. Categories: every value of both sides. sqrt(1 - overlap)."},
	{"evidently/wasserstein", evidentlyWasserstein, nil,
		"No bins. First Wasserstein distance over the reference's standard deviation (divisor n), which counts as 0.001 where it is smaller."},
	{"evidently/ks", evidentlyKS, nil, "No bins. The p-value of scipy/ks alone, as value and p-value."},
	{"evidently/chi_square", nil, evidentlyChiSquare,
		"Every value of both sides. Goodness of fit to the reference's counts scaled to the current rows; the p-value alone, as value and p-value."},
	{"azureml/psi", azureNumbers(azurePSI), azureCategories(azurePSI),
		azureBins + "(count + 1) / (rows + bins) on both sides; sum of (q-p) ln(q/p)."},
	{"azureml/jensen_shannon", azureNumbers(azureJensenShannon), azureCategories(azureJensenShannon), azureBins + "Distance, base 2, not smoothed."},
	{"azureml/wasserstein", azureWasserstein, nil,
		"No bins. First Wasserstein distance over the reference's standard deviation (divisor n - 1), which counts as 0.001 where it is smaller."},
	{"azureml/ks", azureKS, nil, "No bins. The p-value of scipy/ks alone; refused unless both sides have fewer than 10,000 rows."},
	{"azureml/chi_square", nil, azureChiSquare, "Every value of both sides. Goodness of fit to the reference's shares times the current rows."},
	{"nannyml/jensen_shannon", nannyNumbers(nannyJensenShannon), nannyCategories(nannyJensenShannon), nannyBinned + "Distance, base 2."},
	{"nannyml/hellinger", nannyNumbers(nannyHellinger), nannyCategories(nannyHellinger), nannyBinned + "Euclidean distance of the roots over the root of 2."},
	{"nannyml/ks", nannyKS, nil,
		"Kolmogorov-Smirnov distance: exact below 10,000 reference values, else at the right edges of 10,000 equal bins over the reference's range, rising."},
	{"nannyml/wasserstein", nannyWasserstein, nil,
		"First Wasserstein distance: exact below 10,000 reference values, else from 10,000 equal bins over the reference's range, rising, with current values beyond it added one by one."},
	{"nannyml/l_infinity", nil, nannyLInfinity, "Every value of both sides. Largest difference of shares."},
	{"nannyml/chi_square", nil, nannyChiSquare, "Every value of both sides. Contingency test, with Yates' correction where there are two values."},
	{"deequ/psi", deequPSINumbers, deequPSICategories,
		"Numbers: up to ten bins between the reference's deciles (linear between neighbours, equal ones once), rising, the outer ones open to infinity. Categories: every value of both sides in byte order. " +
			"Sum of (q-p) ln(q/p), not smoothed: an empty bin makes it infinite."},
	{"deequ/l_infinity", deequLInfinityNumbers, deequLInfinityCategories, "Numbers: no bins, Kolmogorov-Smirnov distance. Categories: every value of both sides, largest difference of shares."},
	{"deequ/l_infinity_robust", deequRobustNumbers, deequRobustCategories, "deequ/l_infinity less 1.8 sqrt((n+m)/(nm)), at least 0."},
	{"deequ/chi_square", nil, deequChiSquare,
		"The values of the reference, expected as often as it lets expect of the current rows that have one of them. The rarest joins the next rarest until at most a fifth is expected fewer than 5 times, " +
			"or both of two at least 10 times. Goodness of fit; null where fewer than two are left."},
	{"tfdv/jensen_shannon", tfdvNumbers, tfdvCategories,
		"Numbers: ten equal buckets from the least to the greatest value of each side, re-cut on the edges of both, rising, values even inside a bucket; a constant side is one point. Categories: every value of both sides. " +
			"Divergence, base 2, at most 1."},
	{"tfdv/l_infinity", nil, nannyLInfinity, "Every value of both sides. Largest difference of shares."},
}
