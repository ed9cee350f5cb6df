package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// model is a logistic regression: probability = 1 / (1 + exp(-(intercept + weights * features))).
type model struct {
	Encoder   encoder   `json:"encoder"`
	Intercept float64   `json:"intercept"`
	Weights   []float64 `json:"weights"` // one per feature of the encoder
}

// threshold is the probability from which a flight is called late.
const threshold = 0.5

// loss is what training makes small: the sum over all rows of the log loss plus l2/2 times the squared weights, so that
// l2 means the same for any number of rows. The intercept, last in a point, is not penalised.
type loss struct {
	rows   [][]term
	labels []bool
	l2     float64 // per row
}

// penalty is the factor of the squared weights.
func (l loss) penalty() float64 { return l.l2 * float64(len(l.rows)) }

// value is the loss at a point: the weights, then the intercept.
func (l loss) value(point []float64) float64 {
	last := len(point) - 1
	sum := 0.0
	for i, row := range l.rows {
		sum += logLoss(margin(row, point[:last], point[last]), l.labels[i])
	}
	for _, w := range point[:last] {
		sum += l.penalty() / 2 * w * w
	}
	return sum
}

// derivatives are the gradient of value at a point, and its Hessian.
func (l loss) derivatives(point []float64) (*mat.VecDense, *mat.SymDense) {
	last := len(point) - 1
	gradient, hessian := mat.NewVecDense(len(point), nil), mat.NewSymDense(len(point), nil)
	for j, w := range point[:last] {
		gradient.SetVec(j, l.penalty()*w)
		hessian.SetSym(j, j, l.penalty())
	}
	for i, row := range l.rows {
		probability := sigmoid(margin(row, point[:last], point[last]))
		residual, curvature := probability, probability*(1-probability)
		if l.labels[i] {
			residual--
		}
		row = append(slices.Clip(row), term{last, 1})
		for k, t := range row {
			gradient.SetVec(t.index, gradient.AtVec(t.index)+residual*t.value)
			for _, u := range row[k:] { // features of a row ascend: this is the upper triangle
				hessian.SetSym(t.index, u.index, hessian.At(t.index, u.index)+curvature*t.value*u.value)
			}
		}
	}
	return gradient, hessian
}

// settings are the parameters of training.
type settings struct {
	l2         float64 // strength of the penalty on the weights, per row
	iterations int     // at most so many Newton steps
}

// converged is the decrease of the loss, in nats over all rows, below which a further step is not worth its time.
const converged = 1e-6

// fit trains on labelled flights, which must hold both outcomes, by Newton's method with step halving.
func fit(flights []flight, s settings) (model, error) {
	m := model{Encoder: newEncoder(flights)}
	l := loss{rows: make([][]term, len(flights)), labels: make([]bool, len(flights)), l2: s.l2}
	late := 0
	for i, f := range flights {
		l.rows[i], l.labels[i] = m.Encoder.encode(f, nil), f.late
		if f.late {
			late++
		}
	}
	if late == 0 || late == len(flights) {
		return model{}, errors.New("all rows have the same label: there is nothing to learn")
	}
	point := make([]float64, m.Encoder.size()+1)
	share := float64(late) / float64(len(flights))
	point[len(point)-1] = math.Log(share / (1 - share))
	for range s.iterations {
		next, err := l.step(point)
		if err != nil {
			return model{}, err
		}
		decrease := l.value(point) - l.value(next)
		point = next
		if decrease < converged {
			break
		}
	}
	m.Weights, m.Intercept = point[:len(point)-1], point[len(point)-1]
	return m, nil
}

// step is one Newton step from a point, halved until the loss does not grow.
func (l loss) step(point []float64) ([]float64, error) {
	gradient, hessian := l.derivatives(point)
	var factor mat.Cholesky
	var move mat.VecDense
	if !factor.Factorize(hessian) || factor.SolveVecTo(&move, gradient) != nil {
		return nil, errors.New("the features depend on each other: set the parameter l2 above zero")
	}
	start := l.value(point)
	next := make([]float64, len(point))
	for scale := 1.0; scale > 1e-6; scale /= 2 {
		for j := range point {
			next[j] = point[j] - scale*move.AtVec(j)
		}
		if l.value(next) <= start {
			return next, nil
		}
	}
	return point, nil
}

// score is the probability that a flight is late.
func (m model) score(f flight) float64 {
	var space [8]term
	return sigmoid(margin(m.Encoder.encode(f, space[:0]), m.Weights, m.Intercept))
}

// scores are the probabilities of many flights.
func (m model) scores(flights []flight) []float64 {
	scores := make([]float64, len(flights))
	for i, f := range flights {
		scores[i] = m.score(f)
	}
	return scores
}

// margin is the log of the odds.
func margin(row []term, weights []float64, intercept float64) float64 {
	sum := intercept
	for _, t := range row {
		sum += weights[t.index] * t.value
	}
	return sum
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// modelFile is where a model stands in its folder.
const modelFile = "model.json"

// save writes the model into a folder, which it makes.
func (m model) save(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return writeJSON(filepath.Join(folder, modelFile), m)
}

// loadModel reads the model of a folder.
func loadModel(folder string) (model, error) {
	content, err := os.ReadFile(filepath.Join(folder, modelFile))
	if err != nil {
		return model{}, err
	}
	var m model
	if err := json.Unmarshal(content, &m); err != nil {
		return model{}, fmt.Errorf("%s: %w", filepath.Join(folder, modelFile), err)
	}
	if len(m.Weights) != m.Encoder.size() {
		return model{}, fmt.Errorf("%s has %d weights for %d features", filepath.Join(folder, modelFile), len(m.Weights), m.Encoder.size())
	}
	return m, nil
}

func writeJSON(path string, value any) error {
	content, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}
