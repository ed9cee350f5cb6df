//go:build linux || darwin

package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary plays every part: the runner and the pod process as `mlops` does, and users' programs when it is called
// by the name "program".
func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	switch {
	case filepath.Base(os.Args[0]) == "program":
		os.Exit(program(ctx, os.Args[1:]))
	case len(os.Args) == 3 && os.Args[1] == "pod":
		exitOn(RunPod(ctx, os.Args[2]))
	case len(os.Args) == 4 && os.Args[1] == "runner":
		exitOn(runRunner(ctx, os.Args[2], os.Args[3]))
	case len(os.Args) > 2 && os.Args[1] == "agent":
		os.Exit(program(ctx, os.Args[2:]))
	default:
		os.Exit(m.Run())
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runRunner is `mlops local` of the tests.
func runRunner(ctx context.Context, dir, port string) error {
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	return Run(ctx, Options{
		Dir: dir, Place: "file:/the/store", Executable: executable, Path: filepath.Join(dir, "bin"),
		Port: func() int { return number }, Progress: os.Stderr,
	})
}

// program is a user's: its first argument says what it does.
func program(ctx context.Context, args []string) int {
	switch args[0] {
	case "serve": // answers /score with who it is; /healthz too, unless it is not well
		return serveModel(ctx, args[1:])
	case "environment": // writes all that it sees
		content, _ := json.Marshal(map[string]any{"env": os.Environ(), "args": os.Args})
		exitOn(os.WriteFile(args[1], content, 0o600))
	case "keep": // leaves a file for whoever comes next
		exitOnError(os.MkdirAll(filepath.Dir(args[1]), 0o755))
		exitOnError(os.WriteFile(args[1], nil, 0o600))
	case "exit":
		fmt.Println("about to exit with", args[1])
		code, _ := strconv.Atoi(args[1])
		return code
	case "sleep":
		fmt.Println("asleep")
		<-ctx.Done()
		return 0
	case "stubborn": // does not stop when told to
		signal.Ignore(syscall.SIGTERM)
		select {}
	case "family": // leaves a process in a session of its own behind, and sleeps
		child := exec.Command(os.Args[0], "stubborn")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		exitOnError(child.Start())
		exitOnError(os.WriteFile(args[1], []byte(strconv.Itoa(child.Process.Pid)), 0o600))
		<-ctx.Done()
	case "count": // counts how often it ran
		file, err := os.OpenFile(args[1], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		exitOnError(err)
		_, _ = fmt.Fprintln(file, time.Now())
		if len(args) > 2 { // until that file is there
			for os.Getppid() > 0 && ctx.Err() == nil {
				if _, err := os.Stat(args[2]); err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
	return 0
}

func exitOnError(err error) {
	if err != nil {
		exitOn(err)
	}
}

func serveModel(ctx context.Context, args []string) int {
	name, health := args[0], http.StatusOK
	if len(args) > 1 && args[1] == "sick" {
		fmt.Println("this model is sick")
		health = http.StatusInternalServerError
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(health) })
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	mux.HandleFunc("/score", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "slow") { // so that there is always something under way
			time.Sleep(400 * time.Millisecond)
		}
		_, _ = fmt.Fprintf(w, "%s %d %s %s", name, os.Getpid(), body, r.URL.RawQuery)
	})
	server := &http.Server{Addr: net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")), Handler: mux, ReadHeaderTimeout: time.Second}
	go func() {
		<-ctx.Done()
		// Abrupt on purpose: whoever takes requests away from a replica before it is told to stop needs no grace of it.
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); ctx.Err() == nil {
		fmt.Println(err)
		return 1
	}
	return 0
}
