package stats

import "math"

// Functions here take shares of two sides by bin, of equal length, each summing to 1 unless said otherwise.

// PSI is the population stability index, sum of (p-q) ln(p/q), as it stands: a share that is zero on one side only makes it
// infinite, so smooth the counts first.
func PSI(p, q []float64) float64 {
	var total float64
	for i := range p {
		if p[i] != q[i] {
			total += (p[i] - q[i]) * math.Log(p[i]/q[i])
		}
	}
	return total
}

// KullbackLeibler is sum of p ln(p/q), in nats; a zero p adds nothing, a zero q under a p makes it infinite.
func KullbackLeibler(p, q []float64) float64 {
	var total float64
	for i := range p {
		if p[i] > 0 {
			total += p[i] * math.Log(p[i]/q[i])
		}
	}
	return total
}

// JensenShannon is the Jensen-Shannon distance, the square root of the divergence, with logarithms in the given base. Sides
// are normalised first.
func JensenShannon(p, q []float64, base float64) float64 {
	return math.Sqrt(math.Max(0, JensenShannonDivergence(p, q, base)))
}

// JensenShannonDivergence is (KL(p, mean) + KL(q, mean)) / 2 in the given base. Sides are normalised first.
func JensenShannonDivergence(p, q []float64, base float64) float64 {
	p, q = Normalize(p), Normalize(q)
	var total float64
	for i := range p {
		mean := (p[i] + q[i]) / 2
		if p[i] > 0 {
			total += p[i] * math.Log(p[i]/mean)
		}
		if q[i] > 0 {
			total += q[i] * math.Log(q[i]/mean)
		}
	}
	return total / 2 / math.Log(base)
}

// Hellinger is the Hellinger distance, sqrt(sum (sqrt p - sqrt q)^2) / sqrt 2.
func Hellinger(p, q []float64) float64 {
	var total float64
	for i := range p {
		difference := math.Sqrt(p[i]) - math.Sqrt(q[i])
		total += difference * difference
	}
	return math.Sqrt(total) / math.Sqrt2
}

// LInfinity is the largest difference of shares.
func LInfinity(p, q []float64) float64 {
	var largest float64
	for i := range p {
		largest = math.Max(largest, math.Abs(p[i]-q[i]))
	}
	return largest
}

// Normalize divides by the sum; a sum of zero is left as it is.
func Normalize(shares []float64) []float64 {
	var total float64
	for _, share := range shares {
		total += share
	}
	normalized := make([]float64, len(shares))
	for i, share := range shares {
		normalized[i] = share
		if total > 0 {
			normalized[i] = share / total
		}
	}
	return normalized
}
