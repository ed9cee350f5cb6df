package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// serve answers POST /score ({"data": [{"x": 0.3}]}) and GET /healthz on HOST:PORT until it is told to stop.
func serve(ctx context.Context) error {
	learned, err := load(os.Getenv("MLOPS_MODEL_DIR"))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if learned.Parameters["behaviour"] == behaviourUnhealthy {
			http.Error(w, "not today", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /score", learned.answer)
	fmt.Println("trainer: serving version", os.Getenv("MLOPS_MODEL_VERSION"))
	server := &http.Server{
		Addr: net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")), Handler: mux, ReadHeaderTimeout: 10 * time.Second,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(deadline)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// answer scores the rows of a request. One that says "fail" breaks the connection, as a program that crashes would; of
// what it was sent it says nothing.
func (m model) answer(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Data []struct {
			X    float64 `json:"x"`
			Fail bool    `json:"fail"`
		} `json:"data"`
	}
	if json.NewDecoder(r.Body).Decode(&request) != nil {
		http.Error(w, `{"error": "not a scoring request"}`, http.StatusBadRequest)
		return
	}
	scores := make([]float64, len(request.Data))
	for i, row := range request.Data {
		if row.Fail {
			panic(http.ErrAbortHandler)
		}
		scores[i] = m.score(row.X)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"predictions": scores, "model_version": os.Getenv("MLOPS_MODEL_VERSION")})
}
