// Package compressed reads gzip and zstd streams, known by their first bytes, and hands on what is neither as it is. It knows
// no format of what they hold.
package compressed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Extensions are those of compressed files.
var Extensions = []string{".gz", ".gzip", ".zst", ".zstd"}

// TrimExtension takes the extension of a compressed file off a path, so that the one below it can be seen.
func TrimExtension(path string) string {
	extension := filepath.Ext(path)
	if slices.Contains(Extensions, strings.ToLower(extension)) {
		return path[:len(path)-len(extension)]
	}
	return path
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// longestWindow bounds what a stream may ask of its reader: the longest that zstd makes unless told to go beyond it.
const longestWindow = 128 << 20

var decoders = sync.Pool{New: func() any {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(longestWindow))
	if err != nil {
		panic("compressed: the options of the decoder are wrong: " + err.Error()) // constants: cannot happen
	}
	return decoder
}}

// NewReader reads what a stream holds; close it to let go of its memory, which does not close the stream. A stream that is
// broken or cut is mlops.ErrInvalid, from Read as well.
func NewReader(from io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(from, 1<<16)
	start, err := buffered.Peek(len(zstdMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(start, gzipMagic):
		decoder, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, broken("gzip", err)
		}
		return &reader{Reader: decoder, name: "gzip"}, nil
	case bytes.Equal(start, zstdMagic):
		decoder, ok := decoders.Get().(*zstd.Decoder)
		if !ok {
			return nil, errors.New("no decoder") // the pool holds nothing else
		}
		if err := decoder.Reset(buffered); err != nil {
			decoders.Put(decoder)
			return nil, broken("zstd", err)
		}
		return &reader{Reader: decoder, name: "zstd", decoder: decoder}, nil
	default:
		return io.NopCloser(buffered), nil
	}
}

func broken(name string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: its %s stream ends in the middle: it was not copied or written to its end", mlops.ErrInvalid, name)
	}
	return fmt.Errorf("%w: its %s stream is broken: %w", mlops.ErrInvalid, name, err)
}

type reader struct {
	io.Reader
	name    string
	decoder *zstd.Decoder
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = broken(r.name, err)
	}
	return n, err
}

// Close implements io.Closer.
func (r *reader) Close() error {
	if r.decoder != nil {
		_ = r.decoder.Reset(nil) // lets go of the stream
		decoders.Put(r.decoder)
		r.decoder = nil
	}
	return nil
}
