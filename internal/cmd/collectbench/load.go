package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// message is a scoring request of about 1 KB with 50 features; its correlation id is made by who gets it where it is "".
func message(id string) []byte {
	var row strings.Builder
	for i := range 50 {
		fmt.Fprintf(&row, `,"feature_%02d":%d.25`, i, i)
	}
	body := `{"data":[{` + row.String()[1:] + `}]}`
	given := ""
	if id != "" {
		given = "X-Correlation-Id: " + strings.ReplaceAll(id, " ", "_") + "\r\n"
	}
	return []byte("POST /score HTTP/1.1\r\nHost: model\r\nContent-Type: application/json\r\n" + given + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// connection sends messages and reads answers.
type connection struct {
	net.Conn
	reader *bufio.Reader
}

func connect(address string) (*connection, error) {
	dialled, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: dialled, reader: bufio.NewReader(dialled)}, nil
}

func (c *connection) ask(message []byte) error {
	if _, err := c.Write(message); err != nil {
		return err
	}
	status, err := c.reader.Peek(12)
	if err != nil {
		return err
	}
	if string(status) != "HTTP/1.1 200" {
		return fmt.Errorf("answered %q", status)
	}
	return readMessage(c.reader)
}

// throughput asks as fast as it can on so many connections, and returns the answers a second.
func throughput(address string, connections int, span time.Duration) (float64, error) {
	var asking sync.WaitGroup
	counts, faults := make([]int, connections), make([]error, connections)
	request := message("")
	begun := time.Now()
	for i := range connections {
		asking.Go(func() {
			c, err := connect(address)
			if err != nil {
				faults[i] = err
				return
			}
			defer c.Close()
			for time.Since(begun) < span {
				if faults[i] = c.ask(request); faults[i] != nil {
					return
				}
				counts[i]++
			}
		})
	}
	asking.Wait()
	total := 0
	for _, count := range counts {
		total += count
	}
	return float64(total) / time.Since(begun).Seconds(), errors.Join(faults...)
}

// late is by how much a sleep may end late: so long before a request is due its sender stays awake.
const late = 100 * time.Microsecond

// latencies asks on one connection at fixed times, whether the answers keep up or not, and returns how long after its time
// each was there, sorted: an open loop hides no waiting.
func latencies(address string, every, span time.Duration, request func(n int) []byte) ([]time.Duration, error) {
	c, err := connect(address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	requests := make([][]byte, span/every) // before it begins
	for n := range requests {
		requests[n] = request(n)
	}
	defer punctual()()
	all := make([]time.Duration, 0, len(requests))
	begun := time.Now()
	for n, next := range requests {
		due := begun.Add(time.Duration(n) * every)
		if wait := time.Until(due); wait > late {
			rest(wait - late)
		}
		for time.Until(due) > 0 {
			continue
		}
		if err := c.ask(next); err != nil {
			return nil, err
		}
		all = append(all, time.Since(due))
	}
	slices.Sort(all)
	return all, nil
}

func quantile[N ~int64 | ~float64](sorted []N, q float64) N {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func median[N ~int64 | ~float64](values []N) N { return quantile(sorted(values), 0.5) }

func sorted[N ~int64 | ~float64](values []N) []N {
	all := slices.Clone(values)
	slices.Sort(all)
	return all
}
