package stats

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

const (
	logisticRounds = 12
	logisticStep   = 1e-6
)

// Logistic fits a logistic regression with an intercept by Newton's method. rows holds one row of features each, positive
// says which are of the second class; ridge is the penalty on squared weights (the intercept has none). It returns one weight
// a feature and the intercept last; zeros where nothing can be fitted.
func Logistic(rows [][]float64, positive []bool, ridge float64) []float64 {
	if len(rows) == 0 {
		return nil
	}
	width := len(rows[0]) + 1
	weights := make([]float64, width)
	for range logisticRounds {
		hessian := mat.NewSymDense(width, nil)
		gradient := mat.NewVecDense(width, nil)
		accumulate(rows, positive, weights, hessian, gradient)
		for i := range width - 1 {
			hessian.SetSym(i, i, hessian.At(i, i)+ridge)
			gradient.SetVec(i, gradient.AtVec(i)-ridge*weights[i])
		}
		var factor mat.Cholesky
		step := mat.NewVecDense(width, nil)
		if !factor.Factorize(hessian) || factor.SolveVecTo(step, gradient) != nil {
			break
		}
		largest := 0.0
		for i := range weights {
			weights[i] += step.AtVec(i)
			largest = math.Max(largest, math.Abs(step.AtVec(i)))
		}
		if largest < logisticStep {
			break
		}
	}
	return weights
}

// accumulate adds the second and first derivatives of the likelihood, row by row.
func accumulate(rows [][]float64, positive []bool, weights []float64, hessian *mat.SymDense, gradient *mat.VecDense) {
	width := len(weights)
	x := make([]float64, width)
	raw, sums := hessian.RawSymmetric(), gradient.RawVector().Data
	for r, row := range rows {
		copy(x, row)
		x[width-1] = 1
		p := 1 / (1 + math.Exp(-LogisticScore(weights, row)))
		residual := -p
		if positive[r] {
			residual = 1 - p
		}
		spread := math.Max(p*(1-p), 1e-9)
		for i := range width {
			sums[i] += residual * x[i]
			floats.AddScaled(raw.Data[i*raw.Stride+i:i*raw.Stride+width], spread*x[i], x[i:])
		}
	}
	for i := range width {
		raw.Data[i*raw.Stride+i] += 1e-9 // so that an empty class leaves the matrix regular
	}
}

// LogisticScore is the logit of a row by the weights of Logistic.
func LogisticScore(weights, row []float64) float64 {
	total := weights[len(weights)-1]
	for i, value := range row {
		total += weights[i] * value
	}
	return total
}
