package record

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Compressor makes segments of lines. It is used by one goroutine at a time and keeps its memory.
type Compressor struct{ encoder *zstd.Encoder }

// NewCompressor compresses at the fastest level: a segment is written once and the collector has better things to do.
func NewCompressor() *Compressor {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(1<<20))
	if err != nil {
		panic("record: the options of the encoder are wrong: " + err.Error()) // constants: cannot happen
	}
	return &Compressor{encoder: encoder}
}

// Compress appends whole lines, compressed, to a buffer.
func (c *Compressor) Compress(to, lines []byte) []byte { return c.encoder.EncodeAll(lines, to) }

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// mostMemory bounds what a segment may ask of its reader.
const mostMemory = 512 << 20

var decoders = sync.Pool{New: func() any {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(mostMemory))
	if err != nil {
		panic("record: the options of the decoder are wrong: " + err.Error()) // constants: cannot happen
	}
	return decoder
}}

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
	buffered := bufio.NewReader(stream)
	start, err := buffered.Peek(len(zstdMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, stream.Close())
	}
	if !bytes.Equal(start, zstdMagic) {
		return &segmentReader{Reader: buffered, stream: stream}, nil
	}
	decoder, ok := decoders.Get().(*zstd.Decoder)
	if !ok {
		return nil, errors.Join(errors.New("no decoder"), stream.Close()) // the pool holds nothing else
	}
	if err := decoder.Reset(buffered); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", mlops.ErrInvalid, err), stream.Close())
	}
	return &segmentReader{Reader: decoder, stream: stream, decoder: decoder}, nil
}

type segmentReader struct {
	io.Reader
	stream  io.ReadCloser
	decoder *zstd.Decoder
}

// Read implements io.Reader.
func (r *segmentReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && r.decoder != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: it cannot be decompressed: %w", mlops.ErrInvalid, err)
	}
	return n, err
}

// Close implements io.Closer.
func (r *segmentReader) Close() error {
	if r.decoder != nil {
		_ = r.decoder.Reset(nil) // lets go of the stream
		decoders.Put(r.decoder)
		r.decoder = nil
	}
	return r.stream.Close()
}

// Decompress is the lines of a segment that was read whole.
func Decompress(content []byte) ([]byte, error) {
	reader, err := decompress(io.NopCloser(bytes.NewReader(content)))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return io.ReadAll(reader)
}
