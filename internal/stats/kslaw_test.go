package stats

import (
	"math"
	"testing"
)

// One value lies at most d from the middle of its law with probability 2d - 1.
func TestKolmogorovTailOfOneValue(t *testing.T) {
	for _, d := range []float64{0.5, 0.6, 0.75, 0.99} {
		if got := KolmogorovTail(1, d); math.Abs(got-2*(1-d)) > 1e-14 {
			t.Errorf("P(D_1 >= %v) = %v, want %v", d, got, 2*(1-d))
		}
	}
}

// The methods agree where one hands over to the other: the matrix and the far tails exactly, the series as 1/n^2.
func TestKolmogorovMethodsAgree(t *testing.T) {
	for _, n := range []int{200, 800, 1600} {
		for _, z := range []float64{0.6, 1, 1.3} {
			d := z / math.Sqrt(float64(n))
			if exact, series := durbin(n, d), pelzGood(float64(n), d); math.Abs(exact-series) > 0.06/float64(n*n) {
				t.Errorf("n %d, z %v: matrix %v, series %v", n, z, exact, series)
			}
		}
		d := 1.5 / math.Sqrt(float64(n))
		if exact, far := 1-durbin(n, d), 2*smirnovTail(float64(n), d); math.Abs(exact-far) > 1e-6*exact+1e-7 {
			t.Errorf("n %d: matrix %v, far tail %v", n, exact, far)
		}
	}
}

func TestKolmogorovTailFalls(t *testing.T) {
	for _, n := range []float64{2, 10, 100, 141, 5000, 30000} {
		last := 1.0
		for z := 0.01; z < 12; z += 0.07 {
			p := KolmogorovTail(n, z/math.Sqrt(n))
			if p > last+1e-6 || p < 0 || math.IsNaN(p) {
				t.Fatalf("n %v: the tail at %v is %v after %v", n, z, p, last)
			}
			last = p
		}
	}
}

func TestRateTest(t *testing.T) {
	for _, c := range []struct {
		b, n, c, m int64
		want       float64
	}{
		{0, 100, 0, 100, 1},
		{5, 100, 5, 100, 1},
		{0, 100, 3, 100, 2. * 161700 / 1313400}, // ways to choose 3 of 100 and of 200
		{0, 900, 2, 100, 2. * 4950 / 499500},
		{20, 20, 0, 20, 2 / 137846528820.},
		{19793, 20000, 967, 1000, 8.66789652331411e-08},
		{600000, 1000000, 12300, 20000, 1.7935131520945373e-05},
		{3, 20000, 9, 1000, 4.698924527118857e-10},
	} {
		if got := RateTest(c.b, c.n, c.c, c.m); math.Abs(got-c.want) > 1e-9*c.want {
			t.Errorf("%d of %d against %d of %d: p %v, want %v", c.c, c.m, c.b, c.n, got, c.want)
		}
		if got := RateTest(c.n-c.b, c.n, c.m-c.c, c.m); c.b < c.n && math.Abs(got-c.want) > 1e-9*c.want {
			t.Errorf("all but %d of %d against all but %d of %d: p %v, want %v", c.c, c.m, c.b, c.n, got, c.want)
		}
	}
}

// Where SciPy leaves the exact law, so do we: its values for evenly spread samples that are a quarter apart.
func TestOneSidedFallsBack(t *testing.T) {
	spread := func(n int, from float64) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = from + (float64(i)+0.5)/float64(n)
		}
		return values
	}
	for _, c := range []struct {
		n, m int
		want float64
	}{{300, 200, 0.333969625020567}, {600, 500, 0.09828351273053146}, {600, 600, 0.09015095959695196}} {
		got := KolmogorovSmirnov(spread(c.n, 0), spread(c.m, 0.0625), Greater).PValue
		if math.Abs(got-c.want) > 1e-9*c.want {
			t.Errorf("p of %d against %d values is %v, want %v", c.n, c.m, got, c.want)
		}
	}
}
