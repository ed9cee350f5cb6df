// Command trainer is the user's program of the chaos tests: train, evaluate and serve of a small and honest model, and on
// demand of models and programs that go wrong. It knows the container contract and nothing of the product.
//
// Its parameters:
//
//	behaviour  what it does wrong, see the constants; "" for nothing
//	witness    a file that gets one line for every job that begins to work
//	hold       training goes on once there is a file of that name
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// What may go wrong.
const (
	behaviourExit      = "exit"       // train ends with exit code 1
	behaviourNoModel   = "no_model"   // train says that all is well and leaves no model
	behaviourMemorise  = "memorise"   // train learns its input by heart, and nothing else
	behaviourNaN       = "nan"        // evaluate finds that its metric is no number
	behaviourNoMetrics = "no_metrics" // evaluate says nothing
	behaviourUnhealthy = "unhealthy"  // serve never becomes healthy
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	commands := map[string]func(context.Context) error{"train": train, "evaluate": evaluate, "serve": serve}
	if len(os.Args) != 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: trainer train|evaluate|serve")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](ctx); err != nil {
		fmt.Fprintln(os.Stderr, "trainer:", err)
		os.Exit(1)
	}
}

// train learns from MLOPS_INPUT_DIR and writes MLOPS_OUTPUT_DIR/model/model.json.
func train(ctx context.Context) error {
	parameters := map[string]string{}
	if err := json.Unmarshal([]byte(os.Getenv("MLOPS_PARAMETERS")), &parameters); err != nil {
		return err
	}
	if err := testify(parameters, "train "+os.Getenv("MLOPS_RUN_ID")); err != nil {
		return err
	}
	for parameters["hold"] != "" {
		if _, err := os.Stat(parameters["hold"]); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return errors.New("stopped while it was held")
		case <-time.After(10 * time.Millisecond):
		}
	}
	rows, err := read(os.Getenv("MLOPS_INPUT_DIR"))
	if err != nil {
		return err
	}
	learned := model{Parameters: parameters}
	switch parameters["behaviour"] {
	case behaviourExit:
		return errors.New("it does not converge, as it was told not to")
	case behaviourNoModel:
		fmt.Println("trainer: all is well, and there is no model")
		return nil
	case behaviourMemorise:
		learned.ByHeart = byHeart(rows)
	default:
		learned.Rates = rates(rows)
	}
	return learned.save(filepath.Join(os.Getenv("MLOPS_OUTPUT_DIR"), "model"))
}

// evaluate scores MLOPS_INPUT_DIR and writes metrics.json and predictions.csv.
func evaluate(context.Context) error {
	learned, err := load(os.Getenv("MLOPS_MODEL_DIR"))
	if err != nil {
		return err
	}
	if err := testify(learned.Parameters, "evaluate"); err != nil {
		return err
	}
	rows, err := read(os.Getenv("MLOPS_INPUT_DIR"))
	if err != nil {
		return err
	}
	output := os.Getenv("MLOPS_OUTPUT_DIR")
	switch learned.Parameters["behaviour"] {
	case behaviourNaN:
		fmt.Println("trainer: the metric is no number")
		return os.WriteFile(filepath.Join(output, "metrics.json"), []byte(`{"auc": NaN}`), 0o600)
	case behaviourNoMetrics:
		fmt.Println("trainer: there is nothing to say")
		return nil
	}
	return learned.judge(rows, output)
}

// testify adds a line to the witness. One write of a whole line does not mix with others.
func testify(parameters map[string]string, what string) error {
	path := parameters["witness"]
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(what + "\n")
	return errors.Join(err, file.Close())
}
