package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// Limits of a scoring request.
const (
	maximumBody  = 8 << 20 // bytes
	maximumRows  = 10_000
	stopDeadline = 10 * time.Second // for requests under way when the server is told to stop
)

// prediction is the answer for one flight.
type prediction struct {
	Late        bool    `json:"late"`
	Probability float64 `json:"probability"`
}

// answer is the response to a scoring request: one prediction per row, in the order of the rows.
type answer struct {
	Predictions  []prediction `json:"predictions"`
	ModelVersion string       `json:"model_version"`
}

// serve answers scoring requests on HOST:PORT until the context ends, and then lets requests under way finish.
func serve(ctx context.Context, _ []string) error {
	folder, err := environment("MLOPS_MODEL_DIR")
	if err != nil {
		return err
	}
	port, err := environment("PORT")
	if err != nil {
		return err
	}
	m, err := loadModel(folder)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", net.JoinHostPort(os.Getenv("HOST"), port))
	if err != nil {
		return err
	}
	version := os.Getenv("MLOPS_MODEL_VERSION")
	fmt.Printf("serving version %q on %s\n", version, listener.Addr())
	server := &http.Server{Handler: newHandler(m, version), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	// The context has ended; the requests under way get time of their own.
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopDeadline)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	fmt.Println("stopped")
	return nil
}

// newHandler routes the score and the health path.
func newHandler(m model, version string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("POST /score", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumBody))
		if err != nil {
			refuse(w, err)
			return
		}
		flights, err := parseRows(body)
		if err == nil && len(flights) > maximumRows {
			err = fmt.Errorf("%d rows are too many: send at most %d", len(flights), maximumRows)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		result := answer{Predictions: make([]prediction, len(flights)), ModelVersion: version}
		for i, score := range m.scores(flights) {
			result.Predictions[i] = prediction{Late: score >= threshold, Probability: score}
		}
		reply(w, http.StatusOK, result)
	})
	return mux
}

// refuse says what is wrong with a request. The reason names rows and fields and holds no value, and nothing is logged.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		status, err = http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d bytes", maximumBody)
	}
	reply(w, status, map[string]string{"error": err.Error()})
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) //nolint:errcheck // the client has gone
}
