// Command flight-delay is the quickstart's model: it trains, evaluates and serves a logistic regression that says, from
// departure time, distance and airports, how likely a flight is to arrive more than 15 minutes late. It uses the
// container contract alone (MLOPS_* variables, folders, HOST and PORT) and must not import the product: a team's own
// program, in any language, has no more than this. `flight-delay replay` plays the part of the application that asks for scores.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage:
  flight-delay train      MLOPS_INPUT_DIR/data.csv -> MLOPS_OUTPUT_DIR/{model/model.json,metrics.json}
  flight-delay evaluate   MLOPS_MODEL_DIR, MLOPS_INPUT_DIR/data.csv -> MLOPS_OUTPUT_DIR/{metrics.json,predictions.csv}
  flight-delay serve      POST /score, GET /healthz on HOST:PORT, with the model of MLOPS_MODEL_DIR
  flight-delay replay --file F --url URL   sends the flights of a file as scoring requests (replay -h for more)`

// commands are what the program can do.
var commands = map[string]func(ctx context.Context, arguments []string) error{
	"train":    train,
	"evaluate": evaluate,
	"serve":    serve,
	"replay":   replay,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := commands[os.Args[1]](ctx, os.Args[2:])
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "flight-delay %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// environment is a variable that the container contract promises.
func environment(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s is not set: the platform sets it, see the container contract", name)
	}
	return value, nil
}
