package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// evaluate scores MLOPS_INPUT_DIR/data.csv with the model of MLOPS_MODEL_DIR and writes metrics.json and predictions.csv.
func evaluate(_ context.Context, _ []string) error {
	input, err := environment("MLOPS_INPUT_DIR")
	if err != nil {
		return err
	}
	folder, err := environment("MLOPS_MODEL_DIR")
	if err != nil {
		return err
	}
	output, err := environment("MLOPS_OUTPUT_DIR")
	if err != nil {
		return err
	}
	m, err := loadModel(folder)
	if err != nil {
		return err
	}
	flights, err := readFlights(filepath.Join(input, dataFile))
	if err != nil {
		return err
	}
	scores := m.scores(flights)
	if err := writePredictions(filepath.Join(output, "predictions.csv"), flights, scores); err != nil {
		return err
	}
	result, err := measure(flights, scores)
	if err != nil {
		return err
	}
	fmt.Printf("evaluated on %d flights: auc %.4f, accuracy %.4f, log loss %.4f\n", len(flights), result.AUC, result.Accuracy, result.LogLoss)
	return writeJSON(filepath.Join(output, "metrics.json"), result)
}

// writePredictions writes one line a flight: its row in the input (from 0), what happened (0 or 1) and the score.
func writePredictions(path string, flights []flight, scores []float64) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(file)
	fmt.Fprintln(buffer, "row,label,score")
	for i, f := range flights {
		label := 0
		if f.late {
			label = 1
		}
		fmt.Fprintf(buffer, "%d,%d,%.9g\n", i, label, scores[i])
	}
	return errors.Join(buffer.Flush(), file.Close())
}
