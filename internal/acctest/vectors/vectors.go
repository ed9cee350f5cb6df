// Package vectors reads the published drift values that statistics are checked against, and compares with them. They are
// not a part of this repository. It must not know which statistics there are.
package vectors

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Expected is what a vector says of one method; tolerances of zero take 1e-9 of the value.
type Expected struct {
	Value             *float64 `json:"value"`
	PValue            *float64 `json:"p_value"`
	PValueAsymptotic  *float64 `json:"p_value_asymptotic"`
	ValueText         string   `json:"value_text"`
	Drift             *bool    `json:"drift"`
	Error             bool     `json:"error"`
	AbsoluteTolerance float64  `json:"absolute_tolerance"`
	RelativeTolerance float64  `json:"relative_tolerance"`
}

// Load reads shared/vectors/vectors.json, which stands beside a parent folder of the package under test, and skips the test
// where there is none.
func Load(t *testing.T, into any) {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		content, err := os.ReadFile(filepath.Join(folder, "shared", "vectors", "vectors.json"))
		if err != nil {
			continue
		}
		if err := json.Unmarshal(content, into); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Skip("no shared/vectors/vectors.json beside a parent folder: published values are not checked here")
}

// CheckValue compares a value with the published one.
func (e Expected) CheckValue(t *testing.T, got float64) {
	t.Helper()
	if e.ValueText != "" {
		want, err := strconv.ParseFloat(e.ValueText, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("value %v, want %v", got, want)
		}
	}
	if e.Value != nil {
		absolute, relative := 1e-14, 1e-9
		if e.AbsoluteTolerance > 0 {
			absolute = e.AbsoluteTolerance
		}
		if e.RelativeTolerance > 0 {
			relative = e.RelativeTolerance
		}
		if math.Abs(got-*e.Value) > math.Max(absolute, relative*math.Abs(*e.Value)) || math.IsNaN(got) {
			t.Errorf("value %v, want %v", got, *e.Value)
		}
	}
}

// CheckP compares a p-value with the published one, if there is one; what names it in the failure.
func CheckP(t *testing.T, what string, got float64, want *float64) {
	t.Helper()
	if want != nil && !(math.Abs(got-*want) <= 1e-9*math.Abs(*want)) {
		t.Errorf("%s %v, want %v", what, got, *want)
	}
}
