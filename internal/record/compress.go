package record

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/compressed"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Compressor makes segments of lines, one after the other. It is used by one goroutine at a time and keeps its memory.
type Compressor struct {
	encoder *zstd.Encoder
	out     output
}

// output is memory that is written to.
type output []byte

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	*o = append(*o, p...)
	return len(p), nil
}

// NewCompressor compresses at the fastest level: a segment is written once and the collector has better things to do.
func NewCompressor() *Compressor {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(1<<20))
	if err != nil {
		panic("record: the options of the encoder are wrong: " + err.Error()) // constants: cannot happen
	}
	return &Compressor{encoder: encoder}
}

// Begin begins a segment in a buffer.
func (c *Compressor) Begin(to []byte) {
	c.out = to
	c.encoder.Reset(&c.out)
}

// Add adds whole lines. What it writes goes into memory, which does not fail.
func (c *Compressor) Add(lines []byte) { _, _ = c.encoder.Write(lines) }

// End is the buffer with the segment, compressed.
func (c *Compressor) End() []byte {
	_ = c.encoder.Close()
	return c.out
}

// Compress appends whole lines, compressed, to a buffer.
func (c *Compressor) Compress(to, lines []byte) []byte {
	c.Begin(to)
	c.Add(lines)
	return c.End()
}

// Open reads a document of the store, and decompresses it where it is compressed: segments were once written as plain
// lines, and are read for ever. mlops.ErrNotFound where there is none; mlops.ErrInvalid from Read where it is broken.
func Open(ctx context.Context, store platform.Store, key string) (io.ReadCloser, error) {
	stream, err := store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return decompress(stream)
}

func decompress(stream io.ReadCloser) (io.ReadCloser, error) {
	reader, err := compressed.NewReader(stream)
	if err != nil {
		return nil, errors.Join(err, stream.Close())
	}
	return &segmentReader{ReadCloser: reader, stream: stream}, nil
}

type segmentReader struct {
	io.ReadCloser
	stream io.ReadCloser
}

// Close implements io.Closer.
func (r *segmentReader) Close() error { return errors.Join(r.ReadCloser.Close(), r.stream.Close()) }

// Decompress is the lines of a segment that was read whole.
func Decompress(content []byte) ([]byte, error) {
	reader, err := decompress(io.NopCloser(bytes.NewReader(content)))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return io.ReadAll(reader)
}
