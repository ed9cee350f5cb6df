package stats

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Components are the directions in which standardised rows vary most, as columns, with the means that were taken off.
type Components struct {
	means   []float64
	vectors *mat.Dense // features x components
}

// PrincipalComponents keeps so many components of rows that they hold the given share of the variance, at least one and at
// most all but one, so that something is left to miss. It is false where there are fewer than two features or rows.
func PrincipalComponents(rows [][]float64, share float64) (Components, bool) {
	if len(rows) < 2 || len(rows[0]) < 2 {
		return Components{}, false
	}
	width := len(rows[0])
	means := make([]float64, width)
	for _, row := range rows {
		for i, value := range row {
			means[i] += value / float64(len(rows))
		}
	}
	centred := mat.NewDense(len(rows), width, nil)
	for r, row := range rows {
		for i, value := range row {
			centred.Set(r, i, value-means[i])
		}
	}
	var covariance mat.SymDense
	covariance.SymOuterK(1/float64(len(rows)), centred.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&covariance, true) {
		return Components{}, false
	}
	values := eigen.Values(nil) // rising
	var total, kept float64
	for _, value := range values {
		total += math.Max(0, value)
	}
	if total == 0 {
		return Components{}, false
	}
	count := 0
	for count < width-1 && (count == 0 || kept < share*total) {
		kept += math.Max(0, values[width-1-count])
		count++
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	return Components{means, mat.DenseCopyOf(vectors.Slice(0, width, width-count, width))}, true
}

// Miss is the distance between a row and what the components make of it.
func (c Components) Miss(row []float64) float64 {
	width, count := c.vectors.Dims()
	rest := make([]float64, width)
	for i := range rest {
		rest[i] = row[i] - c.means[i]
	}
	var squares float64
	for _, value := range rest {
		squares += value * value
	}
	for k := range count {
		var along float64
		for i := range rest {
			along += rest[i] * c.vectors.At(i, k)
		}
		squares -= along * along
	}
	return math.Sqrt(math.Max(0, squares))
}
