package record

import (
	"bytes"
	"io"
)

// lineBlock bytes are read at once; a line that is longer takes a longer block.
const lineBlock = 1 << 15

// lineReader cuts a stream into lines. Blocks are not used again, so that lines may be kept, and none is copied but those at
// the end of a block.
type lineReader struct {
	from  io.Reader
	block []byte // what was read and not yet given
	err   error
}

// next is a line with its end, if it has one; after the last, or with it, io.EOF.
func (l *lineReader) next() ([]byte, error) {
	looked := 0
	for {
		if end := bytes.IndexByte(l.block[looked:], '\n'); end >= 0 {
			line := l.block[: looked+end+1 : looked+end+1]
			l.block = l.block[looked+end+1:]
			return line, nil
		}
		if l.err != nil {
			line := l.block
			l.block = nil
			return line, l.err
		}
		looked = len(l.block)
		l.fill()
	}
}

// fill reads once.
func (l *lineReader) fill() {
	if cap(l.block) == len(l.block) {
		block := make([]byte, len(l.block), max(lineBlock, 2*len(l.block)))
		copy(block, l.block)
		l.block = block
	}
	n, err := l.from.Read(l.block[len(l.block):cap(l.block)])
	l.block = l.block[:len(l.block)+n]
	if err != nil {
		l.err = err
	}
}
