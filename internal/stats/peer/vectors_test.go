package peer

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

type expected struct {
	Value             *float64 `json:"value"`
	PValue            *float64 `json:"p_value"`
	PValueAsymptotic  *float64 `json:"p_value_asymptotic"`
	ValueText         string   `json:"value_text"`
	Drift             *bool    `json:"drift"`
	Error             bool     `json:"error"`
	AbsoluteTolerance float64  `json:"absolute_tolerance"`
	RelativeTolerance float64  `json:"relative_tolerance"`
}

type vectors struct {
	Numeric []struct {
		Name               string
		Reference, Current []float64
		Expected           map[string]expected
	}
	Categorical []struct {
		Name            string
		ReferenceCounts map[string]int64 `json:"reference_counts"`
		CurrentCounts   map[string]int64 `json:"current_counts"`
		Expected        map[string]expected
	}
	Small []struct {
		Name, Method, Kind string
		ReferenceCounts    map[string]int64 `json:"reference_counts"`
		CurrentCounts      map[string]int64 `json:"current_counts"`
		Expected           expected
	}
}

// loadVectors finds shared/vectors/vectors.json beside a parent folder of this package.
func loadVectors(t *testing.T) vectors {
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
		var all vectors
		if err := json.Unmarshal(content, &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	t.Skip("no shared/vectors/vectors.json beside a parent folder: published values are not checked here")
	return vectors{}
}

func (e expected) checkValue(t *testing.T, got float64) {
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

func checkP(t *testing.T, what string, got float64, want *float64) {
	t.Helper()
	if want != nil && !(math.Abs(got-*want) <= 1e-9*math.Abs(*want)) {
		t.Errorf("%s %v, want %v", what, got, *want)
	}
}
