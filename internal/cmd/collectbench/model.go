package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// answer is what the model says to everything: it costs next to nothing, so that what is measured is the proxy.
const answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 37\r\n\r\n" + `{"predictions":[{"probability":0.5}]}`

// serveModel listens until the process is killed.
func serveModel(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			reader := bufio.NewReader(connection)
			for {
				if readMessage(reader) != nil {
					return
				}
				if _, err := io.WriteString(connection, answer); err != nil {
					return
				}
			}
		}()
	}
}

// readMessage reads one message of known length.
func readMessage(from *bufio.Reader) error {
	length := 0
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			_, err := from.Discard(length)
			return err
		}
		const name = "content-length:"
		if len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name) {
			if length, err = strconv.Atoi(strings.TrimSpace(string(line[len(name):]))); err != nil {
				return err
			}
		}
	}
}

// freeAddress is one on which nobody listens.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// self is the path of this program.
func self() (string, error) { return os.Executable() }
