package record

import (
	"bytes"
	"io"
)

// lineBlock bytes are read at once; a line that is longer takes a longer block.
const lineBlock = 1 << 17

// lineReader cuts a stream into lines. A line is valid until the next one is read: its memory is used again.
type lineReader struct {
	from  io.Reader
	whole []byte // the memory
	block []byte // what was read and not yet given: a part of whole
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
		if len(l.block) > len(l.whole)/2 || l.whole == nil {
			l.whole = make([]byte, max(lineBlock, 2*len(l.block)))
		}
		l.block = l.whole[:copy(l.whole, l.block)]
	}
	n, err := l.from.Read(l.block[len(l.block):cap(l.block)])
	l.block = l.block[:len(l.block)+n]
	if err != nil {
		l.err = err
	}
}
