package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Content is what was read back of a segment.
type Content struct {
	// Damaged bytes belong to no whole frame.
	Damaged int64
}

// Reader reads segments one after another through one window of memory, so that it holds no segment whole.
type Reader struct{ window []byte }

// windowBytes is how much is held, unless an entry is larger.
const windowBytes = 256 << 10

// Read calls for every whole entry of a segment in order of writing, with the segment's header, which is nil where it is
// broken.
func (r *Reader) Read(path string, each func(header []byte, entry Entry)) (Content, error) {
	file, err := os.Open(path)
	if err != nil {
		return Content{}, fmt.Errorf("log segment %s: %w", path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Content{}, fmt.Errorf("log segment %s: %w", path, err)
	}
	if len(r.window) != windowBytes {
		r.window = make([]byte, windowBytes)
	}
	var header []byte
	damaged, err := r.read(file, info.Size(), func(entry Entry) {
		if entry.Kind == headerKind {
			header = bytes.Clone(entry.Payload)
			return
		}
		each(header, entry)
	})
	if err != nil {
		return Content{}, fmt.Errorf("log segment %s: %w", path, err)
	}
	return Content{Damaged: damaged}, nil
}

// Read reads one segment, as Reader does.
func Read(path string, each func(header []byte, entry Entry)) (Content, error) {
	var reader Reader
	return reader.Read(path, each)
}

// read calls for every whole frame in order, also for those after damage; what is neither a frame nor zero is counted in
// damaged, in bytes. left is how many bytes there are.
func (r *Reader) read(from io.Reader, left int64, each func(Entry)) (damaged int64, err error) {
	p := parser{each: each}
	held := 0
	for more := true; more; {
		n, err := io.ReadFull(from, r.window[held:min(int64(len(r.window)), int64(held)+left)])
		switch {
		case err == nil:
			left -= int64(n)
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			left = 0 // it is shorter than it was
		default:
			return 0, err
		}
		more = left > 0
		data := r.window[:held+n]
		used, want := p.frames(data, left)
		if want > len(r.window) {
			larger := make([]byte, want)
			held = copy(larger, data[used:])
			r.window = larger
		} else {
			held = copy(r.window, data[used:])
		}
	}
	return p.damaged, nil
}

// parser finds frames in a segment that comes in pieces.
type parser struct {
	each    func(Entry)
	damaged int64
	zeros   int64 // at the end of a gap that may go on
}

var magicBytes = binary.LittleEndian.AppendUint32(nil, magic)

// frames takes in data, after which so many bytes are left. It says how much of data it has used, and how much it wants to see
// at once from there.
func (p *parser) frames(data []byte, left int64) (used, want int) {
	for used < len(data) {
		rest := data[used:]
		if want := wanted(rest, left); want > len(rest) {
			return used, want
		}
		if bytes.HasPrefix(rest, magicBytes) {
			p.zeros = 0 // a gap ends here
		}
		entry, size := parseFrame(rest)
		if size > 0 {
			p.each(entry)
			used += size
			continue
		}
		next := bytes.Index(rest[1:], magicBytes) + 1
		switch {
		case next > 0:
			p.gap(rest[:next])
		case left > 0: // a magic may have begun
			next = len(rest) - len(magicBytes) + 1
			p.gap(rest[:next])
		default:
			next = len(rest)
			p.gap(rest)
		}
		used += next
	}
	return used, 0
}

// wanted is how long the frame is that may begin at data, where there can be one.
func wanted(data []byte, left int64) int {
	switch {
	case left == 0:
		return 0
	case len(data) < FrameRoom:
		return FrameRoom
	case binary.LittleEndian.Uint32(data) != magic:
		return 0
	}
	size := FrameRoom + int64(binary.LittleEndian.Uint32(data[8:]))
	if size > FrameRoom+MaximumPayload || size > int64(len(data))+left {
		return 0
	}
	return int(size)
}

// gap counts what is no frame, but for the zeroes at its end.
func (p *parser) gap(data []byte) {
	written := int64(len(bytes.TrimRight(data, "\x00")))
	if written > 0 {
		p.damaged += p.zeros + written
		p.zeros = 0
	}
	p.zeros += int64(len(data)) - written
}
