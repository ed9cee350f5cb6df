package http1

import (
	"bytes"
	"errors"
)

// ErrChunk says that a chunked body does not hold.
var ErrChunk = errors.New("the chunks of a body do not hold")

// Chunks follows a chunked body as it passes, byte by byte, and finds its payload and its end. The zero value is at its
// start.
type Chunks struct {
	state   chunkState
	left    int64 // of the chunk's data
	digits  int
	held    int
	trailer int  // bytes of trailers
	empty   bool // the trailer line so far
}

type chunkState int

const (
	inSize chunkState = iota
	inExtension
	afterSize // CR was seen
	inData
	afterData // CR is due
	afterDataCR
	inTrailer
	afterTrailer // CR was seen
	chunksDone
)

const (
	mostDigits  = 15
	mostTrailer = 16 << 10
)

// Scan follows the next bytes and calls for the payload in them. It returns how many belong to the body, which are fewer than
// all once the end was among them.
func (c *Chunks) Scan(p []byte, payload func([]byte)) (int, error) {
	for i := 0; i < len(p); {
		if c.state == inData {
			n := int(min(int64(len(p)-i), c.left))
			payload(p[i : i+n])
			i += n
			if c.left -= int64(n); c.left == 0 {
				c.state = afterData
			}
			continue
		}
		if !c.step(p[i]) {
			return i, ErrChunk
		}
		i++
		if c.state == chunksDone {
			return i, nil
		}
	}
	return len(p), nil
}

// step takes one byte of framing.
func (c *Chunks) step(b byte) bool {
	switch c.state {
	case inSize:
		c.held++
		if digit := bytes.IndexByte([]byte("0123456789abcdef"), lower(b)); digit >= 0 {
			c.left = c.left<<4 | int64(digit)
			c.digits++
			return c.digits <= mostDigits
		}
		return c.digits > 0 && c.endOfSize(b)
	case inExtension:
		c.held++
		return c.held <= mostTrailer && c.endOfSize(b)
	case afterSize:
		c.held++
		c.begin()
		return b == '\n'
	case afterData:
		c.state = afterDataCR
		return b == '\r'
	case afterDataCR:
		c.state, c.left, c.digits, c.held = inSize, 0, 0, 0
		return b == '\n'
	case inTrailer:
		c.held++
		if c.trailer++; b == '\r' {
			c.state = afterTrailer
		} else {
			c.empty = false
		}
		return c.trailer <= mostTrailer && b != '\n'
	case afterTrailer:
		c.held++
		c.state = inTrailer
		if c.empty {
			c.state = chunksDone
		}
		c.empty = true
		return b == '\n'
	case inData, chunksDone:
	}
	return false
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b | 0x20
	}
	return b
}

func (c *Chunks) endOfSize(b byte) bool {
	switch b {
	case '\r':
		c.state = afterSize
	case ';', ' ', '\t':
		c.state = inExtension
	default:
		return c.state == inExtension && b != '\n'
	}
	return true
}

// begin starts a chunk's data, or, after the chunk of no bytes, the trailers.
func (c *Chunks) begin() {
	if c.left == 0 {
		c.state, c.empty = inTrailer, true
		return
	}
	c.state, c.held = inData, 0
}

// Held is how many of the last bytes may be the end of the body, or the start of it: whoever waits for something before the
// end goes out holds them back.
func (c *Chunks) Held() int { return c.held }

// Done says that the end was seen.
func (c *Chunks) Done() bool { return c.state == chunksDone }
