//go:build linux

package sockets

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// echo sends back what comes, and waits where it must.
type echo struct {
	socket  *Socket
	waiting []byte
	ended   chan error
}

func (e *echo) Ready() {
	buffer := make([]byte, 1<<10)
	for {
		for len(e.waiting) > 0 {
			n, err := e.socket.Write(e.waiting)
			e.waiting = e.waiting[n:]
			if errors.Is(err, ErrWait) {
				return
			}
			if err != nil {
				e.end(err)
				return
			}
		}
		n, err := e.socket.Read(buffer)
		if errors.Is(err, ErrWait) {
			return
		}
		if err != nil {
			e.end(err)
			return
		}
		e.waiting = append(e.waiting, buffer[:n]...)
	}
}

func (e *echo) end(err error) {
	_ = e.socket.Close()
	e.ended <- err
}

func never(time.Time) time.Duration { return time.Minute }

// pair is a client's connection and a socket at its other end.
func pair(t *testing.T) (net.Conn, *Socket) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	socket, err := Detach(accepted)
	if err != nil {
		t.Fatal(err)
	}
	return client, socket
}

func running(t *testing.T) *Loop {
	t.Helper()
	loop, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	var ended sync.WaitGroup
	ended.Go(func() { loop.Run(never) })
	t.Cleanup(func() {
		loop.Stop()
		ended.Wait()
	})
	return loop
}

// A message that is larger than what the system keeps comes back whole: both sides wait for each other in turn.
func TestEcho(t *testing.T) {
	loop := running(t)
	message := strings.Repeat("0123456789abcdef", 1<<18)
	var clients sync.WaitGroup
	for range 4 {
		client, socket := pair(t)
		ended := make(chan error, 1)
		loop.Post(func() {
			if err := loop.Add(socket, &echo{socket: socket, ended: ended}); err != nil {
				t.Error(err)
			}
		})
		clients.Go(func() {
			go func() { _, _ = io.WriteString(client, message) }()
			back := make([]byte, len(message))
			if _, err := io.ReadFull(client, back); err != nil || string(back) != message {
				t.Errorf("came back otherwise, %v", err)
			}
			_ = client.Close()
			if err := <-ended; !errors.Is(err, io.EOF) {
				t.Errorf("ended with %v", err)
			}
		})
	}
	clients.Wait()
}

// A socket goes back to package net with what nobody has read of it.
func TestAttach(t *testing.T) {
	loop := running(t)
	client, socket := pair(t)
	attached := make(chan net.Conn, 1)
	loop.Post(func() {
		if err := loop.Add(socket, &echo{socket: socket}); err != nil {
			t.Error(err)
		}
		if !socket.Quiet() {
			t.Error("nobody has said anything")
		}
		connection, err := socket.Attach()
		if err != nil {
			t.Error(err)
		}
		attached <- connection
	})
	connection := <-attached
	defer connection.Close()
	if _, err := io.WriteString(client, "hello"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(connection, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	if err := socket.Close(); err != nil {
		t.Errorf("a socket that was attached is closed: %v", err)
	}
}

// What is posted is called until the loop has stopped, and then refused; what is open is closed.
func TestStop(t *testing.T) {
	loop, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	client, socket := pair(t)
	called := 0
	loop.Post(func() {
		called++
		if err := loop.Add(socket, &echo{socket: socket}); err != nil {
			t.Error(err)
		}
	})
	loop.Stop()
	loop.Post(func() { called++ })
	loop.Run(never)
	if called != 2 || loop.Post(func() {}) {
		t.Errorf("%d were called", called)
	}
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
}
