package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// dataFile is the name of a split in the input folder.
const dataFile = "data.csv"

// train fits a model to MLOPS_INPUT_DIR/data.csv and writes it to MLOPS_OUTPUT_DIR/model.
func train(_ context.Context, _ []string) error {
	input, err := environment("MLOPS_INPUT_DIR")
	if err != nil {
		return err
	}
	output, err := environment("MLOPS_OUTPUT_DIR")
	if err != nil {
		return err
	}
	p, err := readParameters(os.Getenv("MLOPS_PARAMETERS"))
	if err != nil {
		return err
	}
	started := time.Now()
	flights, err := readFlights(filepath.Join(input, dataFile))
	if err != nil {
		return err
	}
	learned := flights
	if p.shuffleColumn != "" {
		if learned, err = shuffled(flights, p.shuffleColumn); err != nil {
			return err
		}
	}
	m, err := fit(learned, p.settings)
	if err != nil {
		return err
	}
	if err := m.save(filepath.Join(output, "model")); err != nil {
		return err
	}
	result, err := measure(learned, m.scores(learned))
	if err != nil {
		return err
	}
	fmt.Printf("trained on %d flights in %s: %d features, auc %.4f, log loss %.4f on the training rows\n",
		len(flights), time.Since(started).Round(time.Millisecond), m.Encoder.size(), result.AUC, result.LogLoss)
	return writeJSON(filepath.Join(output, "metrics.json"), result)
}

// parameters of a training, as the platform passes them: a JSON object of strings.
type parameters struct {
	settings
	// shuffleColumn is a bug on demand: training sees this column out of order, as after a join on the wrong key.
	shuffleColumn string
}

// readParameters reads MLOPS_PARAMETERS; "" means the defaults.
func readParameters(text string) (parameters, error) {
	p := parameters{settings: settings{l2: 0.01, iterations: 25}}
	if text == "" {
		return p, nil
	}
	var given map[string]string
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		return p, fmt.Errorf("MLOPS_PARAMETERS: want a JSON object of strings: %w", err)
	}
	for name, value := range given {
		var err error
		switch name {
		case "l2":
			p.l2, err = strconv.ParseFloat(value, 64)
			if err == nil && !(p.l2 >= 0) {
				err = fmt.Errorf("%s is below zero", value)
			}
		case "iterations":
			p.iterations, err = strconv.Atoi(value)
			if err == nil && p.iterations < 1 {
				err = fmt.Errorf("%s is below one", value)
			}
		case "shuffle_column":
			p.shuffleColumn = value
		default:
			err = errors.New("unknown; there are l2, iterations and shuffle_column")
		}
		if err != nil {
			return p, fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	return p, nil
}

// shuffled returns the flights with the values of one column dealt out anew, the same way every time.
func shuffled(flights []flight, column string) ([]flight, error) {
	moved := make([]flight, len(flights))
	for i, j := range rand.New(rand.NewPCG(2001, 1)).Perm(len(flights)) {
		moved[i] = flights[i]
		switch column {
		case columnDeparture:
			moved[i].departure = flights[j].departure
		case columnDistance:
			moved[i].distance = flights[j].distance
		case columnOrigin:
			moved[i].origin = flights[j].origin
		case columnDestination:
			moved[i].destination = flights[j].destination
		default:
			return nil, fmt.Errorf("parameter shuffle_column: there is no feature column %q", column)
		}
	}
	return moved, nil
}
