package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// bins of x, which lies between 0 and 1.
const bins = 10

// row is one line of the input: x, and what came of it.
type row struct {
	x    float64
	late bool
}

// model is what training leaves. Parameters go with it, because evaluate and serve are told none.
type model struct {
	Parameters map[string]string  `json:"parameters"`
	Rates      []float64          `json:"rates,omitempty"`    // of late rows, by bin of x
	ByHeart    map[string]float64 `json:"by_heart,omitempty"` // of late rows, by x as written
}

// read reads the one file of an input folder.
func read(dir string) ([]row, error) {
	content, err := os.ReadFile(filepath.Join(dir, "data.csv"))
	if err != nil {
		return nil, err
	}
	lines, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil || len(lines) < 2 {
		return nil, fmt.Errorf("data.csv has %d lines: %w", len(lines), err)
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	rows := make([]row, 0, len(lines)-1)
	for _, line := range lines[1:] {
		x, err := strconv.ParseFloat(line[column["x"]], 64)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{x: x, late: line[column["late"]] == "true"})
	}
	return rows, nil
}

// rates is the share of late rows in each bin of x; half a row each way stands for what was not seen.
func rates(rows []row) []float64 {
	late, all := make([]float64, bins), make([]float64, bins)
	for _, r := range rows {
		all[bin(r.x)]++
		if r.late {
			late[bin(r.x)]++
		}
	}
	for i := range late {
		late[i] = (late[i] + 0.5) / (all[i] + 1)
	}
	return late
}

func bin(x float64) int { return min(max(int(x*bins), 0), bins-1) }

func byHeart(rows []row) map[string]float64 {
	learned := map[string]float64{}
	for _, r := range rows {
		learned[text(r.x)] = indicator(r.late)
	}
	return learned
}

func text(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func indicator(late bool) float64 {
	if late {
		return 1
	}
	return 0
}

// score is the probability of late. Who has learned by heart does not know what he has not seen.
func (m model) score(x float64) float64 {
	if m.ByHeart == nil {
		return m.Rates[bin(x)]
	}
	if known, ok := m.ByHeart[text(x)]; ok {
		return known
	}
	return 0.5
}

// judge writes metrics.json and predictions.csv.
func (m model) judge(rows []row, output string) error {
	var predictions bytes.Buffer
	predictions.WriteString("row,label,score\n")
	right := 0.0
	for i, r := range rows {
		score := m.score(r.x)
		if (score > 0.5) == r.late {
			right++
		}
		fmt.Fprintf(&predictions, "%d,%g,%g\n", i, indicator(r.late), score)
	}
	if err := os.WriteFile(filepath.Join(output, "predictions.csv"), predictions.Bytes(), 0o600); err != nil {
		return err
	}
	return writeJSON(filepath.Join(output, "metrics.json"), map[string]float64{"accuracy": right / float64(len(rows))})
}

func (m model) save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "model.json"), m)
}

func load(dir string) (model, error) {
	var m model
	content, err := os.ReadFile(filepath.Join(dir, "model.json"))
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(content, &m)
}

func writeJSON(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
