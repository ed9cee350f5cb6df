package stats

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// KolmogorovTail is P(D_n >= d) of the two-sided one-sample Kolmogorov-Smirnov distance of n values. Where the sum of both
// one-sided tails is not the exact answer, methods are chosen by size as Simard and L'Ecuyer (2011) measured them: Durbin's
// matrix for small n d^1.5, Pelz and Good's series for large, one-sided tails far out.
func KolmogorovTail(n, d float64) float64 {
	t := n * d
	switch {
	case n < 1 || math.IsNaN(d):
		return math.NaN()
	case d >= 1:
		return 0
	case t <= 0.5:
		return 1
	case t <= 1: // n!/n^n (2t-1)^n, exact
		factorial, _ := math.Lgamma(n + 1)
		return clip(-math.Expm1(factorial - n*math.Log(n) + n*math.Log(2*t-1)))
	case t >= n-1:
		return clip(2 * math.Pow(1-d, n))
	}
	square := t * d
	far := 2.2
	if n <= 140 {
		far = 4
	}
	switch {
	case d >= 0.5 || square >= far:
		if square >= 370 {
			return 0
		}
		return clip(2 * smirnovTail(n, d))
	case n <= 140 || n <= 100000 && n*math.Pow(d, 1.5) <= 1.4:
		return clip(1 - durbin(int(n), d))
	default:
		return clip(1 - pelzGood(n, d))
	}
}

func clip(p float64) float64 { return math.Min(1, math.Max(0, p)) }

// smirnovLimit is the size above which the one-sided law is taken from its expansion, as SciPy takes it.
const smirnovLimit = 1e6

// smirnovTail is P(D_n+ >= d), the exact one-sided law (Birnbaum and Tingey): the sum over j of d/(d+j/n) times the
// binomial probability of j out of n at d+j/n. The binomial is computed from deviances, so that large n lose no digits.
func smirnovTail(n, d float64) float64 {
	if n > smirnovLimit {
		root := 6*n*d + 1
		return math.Exp(-root * root / (18 * n))
	}
	var total float64
	for j := math.Floor(n * (1 - d)); j >= 0; j-- {
		p := d + j/n
		if p >= 1 {
			continue
		}
		total += d / p * binomialMass(j, n, p)
	}
	return total
}

// binomialMass is C(n, x) p^x (1-p)^(n-x) by Loader's saddle-point form.
func binomialMass(x, n, p float64) float64 {
	switch x {
	case 0:
		return math.Exp(n * math.Log1p(-p))
	case n:
		return math.Exp(n * math.Log(p))
	}
	rest := n - x
	exponent := stirlingError(n) - stirlingError(x) - stirlingError(rest) - deviance(x, n*p) - deviance(rest, n*(1-p))
	return math.Exp(exponent) * math.Sqrt(n/(2*math.Pi*x*rest))
}

// stirlingError is ln n! less Stirling's formula for it.
func stirlingError(n float64) float64 {
	if n < 16 {
		logarithm, _ := math.Lgamma(n + 1)
		return logarithm - (n+0.5)*math.Log(n) + n - 0.5*math.Log(2*math.Pi)
	}
	square := n * n
	return (1.0/12 - (1.0/360-(1.0/1260-(1.0/1680-1.0/1188/square)/square)/square)/square) / n
}

// deviance is x ln(x/mean) + mean - x, without cancellation where x is near the mean.
func deviance(x, mean float64) float64 {
	if math.Abs(x-mean) < 0.1*(x+mean) {
		v := (x - mean) / (x + mean)
		total := (x - mean) * v
		power := 2 * x * v
		for j := 1; j < 1000; j++ {
			power *= v * v
			next := total + power/float64(2*j+1)
			if next == total {
				return next
			}
			total = next
		}
	}
	return x*math.Log(x/mean) + mean - x
}

// durbin is P(D_n <= d), exact, by Marsaglia, Tsang and Wang's form of Durbin's matrix.
func durbin(n int, d float64) float64 {
	k := int(math.Ceil(float64(n) * d))
	h := float64(k) - float64(n)*d
	size := 2*k - 1
	matrix := mat.NewDense(size, size, nil)
	inverse := make([]float64, size+1) // 1/i!
	inverse[0] = 1
	for i := 1; i <= size; i++ {
		inverse[i] = inverse[i-1] / float64(i)
	}
	for row := range size {
		for column := 1; column < size && column <= row+1; column++ {
			matrix.Set(row, column, inverse[row-column+1])
		}
	}
	for i := range size {
		edge := (1 - math.Pow(h, float64(i+1))) * inverse[i+1]
		matrix.Set(i, 0, edge)
		matrix.Set(size-1, size-1-i, edge)
	}
	corner := 1 - 2*math.Pow(h, float64(size))
	if h > 0.5 {
		corner += math.Pow(2*h-1, float64(size))
	}
	matrix.Set(size-1, 0, corner*inverse[size])
	power, exponent := matrixPower(matrix, n, k-1)
	p := power
	for i := 1; i <= n; i++ {
		p *= float64(i) / float64(n)
		if p < 0x1p-128 {
			p *= 0x1p128
			exponent -= 128
		}
	}
	return math.Ldexp(p, exponent)
}

// matrixPower is the middle element of the n-th power, and a power of two to multiply it with.
func matrixPower(matrix *mat.Dense, n, middle int) (value float64, exponent int) {
	size, _ := matrix.Dims()
	result := mat.NewDense(size, size, nil)
	for i := range size {
		result.Set(i, i, 1)
	}
	square, squareExponent := matrix, 0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			next := mat.NewDense(size, size, nil)
			next.Mul(result, square)
			result, exponent = next, exponent+squareExponent
		}
		next := mat.NewDense(size, size, nil)
		next.Mul(square, square)
		square, squareExponent = next, 2*squareExponent
		if square.At(middle, middle) > 0x1p128 {
			square.Scale(0x1p-128, square)
			squareExponent += 128
		}
	}
	return result.At(middle, middle), exponent
}

// pelzGood is P(D_n <= d) by Pelz and Good's series in 1/sqrt(n), for large n.
func pelzGood(n, d float64) float64 {
	z := math.Sqrt(n) * d
	z2 := z * z
	z4, z6, z8 := z2*z2, z2*z2*z2, z2*z2*z2*z2
	const p2 = math.Pi * math.Pi
	var k0, k1, k2, k3 float64
	terms := int(math.Ceil(16 * z / math.Pi))
	for k := terms; k >= 1; k-- {
		half := float64(2*k-1) / 2
		a := p2 * half * half
		weight := math.Exp(-a / (2 * z2))
		k0 += weight
		k1 += (a - z2) * weight
		k2 += (6*z6 + 2*z4 + a*(2*z4-5*z2) + a*a*(1-2*z2)) * weight
		k3 += (a*a*a*(5-30*z2) + a*a*(212*z4-60*z2) + a*(135*z4-96*z6) - 30*z6 - 90*z8) * weight
	}
	var k2whole, k3whole float64
	for k := terms; k >= 1; k-- {
		b := p2 * float64(k) * float64(k)
		weight := math.Exp(-b / (2 * z2))
		k2whole += b * weight
		k3whole += (3*b*z2 - b*b) * weight
	}
	root := math.Sqrt(2 * math.Pi)
	return root * (k0/z + k1/(6*z4)/math.Sqrt(n) +
		(k2/(72*z6*z)-k2whole/(36*z2*z))/n +
		(k3/(6480*z8*z2)+k3whole/(216*z6))/(n*math.Sqrt(n)))
}
