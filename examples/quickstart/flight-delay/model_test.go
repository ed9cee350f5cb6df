package main

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
)

// randomFlights are flights whose lateness depends on the hour.
func randomFlights(count int) []flight {
	random := rand.New(rand.NewPCG(1, 2))
	airports := []string{"ATL", "BOS", "CLT", "DCA"}
	flights := make([]flight, count)
	for i := range flights {
		hour := random.IntN(24)
		flights[i] = flight{
			departure: time.Date(2001, 1, 1+random.IntN(28), hour, 0, 0, 0, time.UTC),
			distance:  100 + 900*random.Float64(),
			origin:    airports[random.IntN(4)], destination: airports[random.IntN(4)],
			late: random.Float64() < float64(hour)/30,
		}
	}
	return flights
}

func lossOf(flights []flight, l2 float64) (loss, int) {
	e := newEncoder(flights)
	l := loss{l2: l2}
	for _, f := range flights {
		l.rows, l.labels = append(l.rows, e.encode(f, nil)), append(l.labels, f.late)
	}
	return l, e.size() + 1
}

// The gradient and the Hessian are the differences of the loss and of the gradient.
func TestDerivativesAreThoseOfTheLoss(t *testing.T) {
	l, size := lossOf(randomFlights(200), 0.02)
	random := rand.New(rand.NewPCG(3, 4))
	point := make([]float64, size)
	for j := range point {
		point[j] = random.NormFloat64() / 2
	}
	gradient, hessian := l.derivatives(point)
	const step = 1e-5
	for j := range point {
		kept := point[j]
		point[j] = kept + step
		above := l.value(point)
		gradientAbove, _ := l.derivatives(point)
		point[j] = kept - step
		below := l.value(point)
		gradientBelow, _ := l.derivatives(point)
		point[j] = kept
		if want, got := (above-below)/(2*step), gradient.AtVec(j); math.Abs(got-want) > 1e-4*(1+math.Abs(want)) {
			t.Errorf("derivative %d is %g, want %g", j, got, want)
		}
		for k := range point {
			want := (gradientAbove.AtVec(k) - gradientBelow.AtVec(k)) / (2 * step)
			if got := hessian.At(j, k); math.Abs(got-want) > 1e-4*(1+math.Abs(want)) {
				t.Errorf("second derivative %d,%d is %g, want %g", j, k, got, want)
			}
		}
	}
}

// Training ends where the loss is flat.
func TestFitFindsTheMinimum(t *testing.T) {
	flights := randomFlights(500)
	m, err := fit(flights, settings{l2: 0.01, iterations: 25})
	if err != nil {
		t.Fatal(err)
	}
	l, _ := lossOf(flights, 0.01)
	gradient, _ := l.derivatives(append(append([]float64{}, m.Weights...), m.Intercept))
	for j := range gradient.Len() {
		if math.Abs(gradient.AtVec(j)) > 1e-3 {
			t.Errorf("derivative %d is %g at the end, want 0", j, gradient.AtVec(j))
		}
	}
	result, err := measure(flights, m.scores(flights))
	if err != nil {
		t.Fatal(err)
	}
	if result.AUC < 0.7 {
		t.Errorf("auc %.3f on an easy problem, want 0.7 and more", result.AUC)
	}
}

func TestFitRefusesWhatCannotBeLearned(t *testing.T) {
	flights := randomFlights(50)
	for i := range flights {
		flights[i].late = true
	}
	if _, err := fit(flights, settings{l2: 0.01, iterations: 5}); err == nil {
		t.Error("a single label was accepted")
	}
	if _, err := fit(randomFlights(50), settings{l2: 0, iterations: 5}); err == nil {
		t.Error("dependent features without a penalty were accepted")
	}
}

// An airport that training has not seen is an average one: only hour and distance speak.
func TestUnseenAirportHasNoFeatures(t *testing.T) {
	flights := randomFlights(100)
	e := newEncoder(flights)
	f := flights[0]
	f.origin, f.destination = "XXX", "YYY"
	if got := len(e.encode(f, nil)); got != 2 {
		t.Errorf("%d features, want 2", got)
	}
}

func TestAreaUnderCurve(t *testing.T) {
	for name, c := range map[string]struct {
		labels []bool
		scores []float64
		want   float64
	}{
		"perfect":        {[]bool{false, false, true, true}, []float64{1, 2, 3, 4}, 1},
		"reversed":       {[]bool{true, true, false, false}, []float64{1, 2, 3, 4}, 0},
		"one pair wrong": {[]bool{false, true, false, true}, []float64{.1, .4, .45, .8}, 0.75},
		"all tied":       {[]bool{false, true, false, true}, []float64{5, 5, 5, 5}, 0.5},
		"one tie":        {[]bool{false, true, true}, []float64{1, 1, 2}, 0.75},
	} {
		if got := areaUnderCurve(c.labels, c.scores); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %g, want %g", name, got, c.want)
		}
	}
	if _, err := measure([]flight{{late: true}}, []float64{0.5}); err == nil {
		t.Error("one label only gave an auc")
	}
}

func TestLogLossIsStable(t *testing.T) {
	for _, c := range []struct {
		margin float64
		label  bool
		want   float64
	}{{0, true, math.Ln2}, {0, false, math.Ln2}, {800, false, 800}, {-800, true, 800}, {800, true, 0}} {
		if got := logLoss(c.margin, c.label); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("logLoss(%g, %t) = %g, want %g", c.margin, c.label, got, c.want)
		}
	}
}

func TestModelSurvivesItsFile(t *testing.T) {
	flights := randomFlights(100)
	m, err := fit(flights, settings{l2: 0.01, iterations: 25})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "model")
	if err := m.save(folder); err != nil {
		t.Fatal(err)
	}
	again, err := loadModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flights {
		if m.score(f) != again.score(f) {
			t.Fatalf("score %g became %g", m.score(f), again.score(f))
		}
	}
}
