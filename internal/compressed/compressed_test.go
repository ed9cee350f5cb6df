package compressed_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/compressed"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

var text = []byte(strings.Repeat("a line that a stream holds, over and over again: "+strings.Repeat("0123456789", 7)+"\n", 400))

func gzipOf(t testing.TB, content []byte) []byte {
	t.Helper()
	var to bytes.Buffer
	writer := gzip.NewWriter(&to)
	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

func zstdOf(t testing.TB, content []byte, options ...zstd.EOption) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	return encoder.EncodeAll(content, nil)
}

func read(from io.Reader) ([]byte, error) {
	stream, err := compressed.NewReader(from)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	return io.ReadAll(stream)
}

func TestStreamsAreKnownByTheirFirstBytes(t *testing.T) {
	for name, test := range map[string]struct{ stream, want []byte }{
		"plain":                {text, text},
		"nothing":              {nil, nil},
		"one byte":             {[]byte{0x1f}, []byte{0x1f}},
		"three bytes of zstd":  {[]byte{0x28, 0xb5, 0x2f}, []byte{0x28, 0xb5, 0x2f}},
		"gzip":                 {gzipOf(t, text), text},
		"gzip of nothing":      {gzipOf(t, nil), nil},
		"two gzips":            {append(gzipOf(t, text), gzipOf(t, text)...), append(bytes.Clone(text), text...)},
		"zstd":                 {zstdOf(t, text), text},
		"two frames of zstd":   {append(zstdOf(t, text), zstdOf(t, text)...), append(bytes.Clone(text), text...)},
		"a gzip within a gzip": {gzipOf(t, gzipOf(t, text)), gzipOf(t, text)},
	} {
		for how, from := range map[string]io.Reader{"at once": bytes.NewReader(test.stream), "byte by byte": iotest.OneByteReader(bytes.NewReader(test.stream))} {
			if got, err := read(from); err != nil || !bytes.Equal(got, test.want) {
				t.Errorf("%s, %s: %d bytes, %v; want %d", name, how, len(got), err, len(test.want))
			}
		}
	}
}

// Wherever a stream is cut, that is said, and what could be read before is what was written.
func TestCutStreamsAreSaid(t *testing.T) {
	for name, whole := range map[string][]byte{"gzip": gzipOf(t, text), "zstd": zstdOf(t, text, zstd.WithEncoderCRC(true))} {
		for cut := 4; cut < len(whole); cut++ {
			got, err := read(bytes.NewReader(whole[:cut]))
			if !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), name+" stream ends in the middle") {
				t.Fatalf("%s cut at %d of %d: %d bytes, %v", name, cut, len(whole), len(got), err)
			}
			if !bytes.HasPrefix(text, got) {
				t.Fatalf("%s cut at %d gives what was never written", name, cut)
			}
		}
	}
}

// A bit that turned over gives an error, or the very content; never other content without one.
func TestDamagedStreamsAreSaid(t *testing.T) {
	for name, whole := range map[string][]byte{"gzip": gzipOf(t, text), "zstd": zstdOf(t, text, zstd.WithEncoderCRC(true))} {
		said := 0
		for at := 4; at < len(whole); at++ {
			damaged := bytes.Clone(whole)
			damaged[at] ^= 0x10
			got, err := read(bytes.NewReader(damaged))
			switch {
			case err == nil && !bytes.Equal(got, text):
				t.Fatalf("%s with byte %d changed is read as %d other bytes", name, at, len(got))
			case err != nil && !errors.Is(err, mlops.ErrInvalid):
				t.Fatalf("%s with byte %d changed: %v is not invalid", name, at, err)
			case err != nil:
				said++
			}
		}
		if said < len(whole)/2 {
			t.Errorf("%s: only %d of %d changes were seen", name, said, len(whole))
		}
	}
}

// A decoder that failed is used again, and is as good as new.
func TestDecoderAfterAFailure(t *testing.T) {
	whole := zstdOf(t, text)
	for range 20 {
		if _, err := read(bytes.NewReader(whole[:len(whole)/2])); !errors.Is(err, mlops.ErrInvalid) {
			t.Fatal(err)
		}
		if got, err := read(bytes.NewReader(whole)); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
}

// A stream that asks for more memory than is given is refused, not read.
func TestLongWindowsAreRefused(t *testing.T) {
	header := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00} // a window of 1 GiB, an empty last block
	if got, err := read(bytes.NewReader(header)); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestFailuresOfTheSourceAreItsOwn(t *testing.T) {
	gone := errors.New("the disk is gone")
	if _, err := read(iotest.ErrReader(gone)); !errors.Is(err, gone) || errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("at the start: %v", err)
	}
}

func TestTrimExtension(t *testing.T) {
	for path, want := range map[string]string{
		"a.csv": "a.csv", "a.csv.gz": "a.csv", "a.csv.GZ": "a.csv", "b/a.jsonl.zst": "b/a.jsonl", "a.zstd": "a", "gz": "gz", "a.gz/b": "a.gz/b",
	} {
		if got := compressed.TrimExtension(path); got != want {
			t.Errorf("%s becomes %s, want %s", path, got, want)
		}
	}
}
