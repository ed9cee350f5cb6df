package wholebody

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// closing is a body that fails once it was closed, or read past its end.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func (c *closing) Read(p []byte) (int, error) {
	if c.closed {
		return 0, errors.New("read after close")
	}
	return c.Reader.Read(p)
}

func TestEndIsToldWithTheLastByte(t *testing.T) {
	body := &closing{Reader: iotest.OneByteReader(strings.NewReader("abc"))}
	whole := New(body, 3)
	p := make([]byte, 8)
	for i, want := range []error{nil, nil, io.EOF} {
		if n, err := whole.Read(p); n != 1 || err != want { //nolint:errorlint // exactly this
			t.Errorf("read %d: %d, %v", i, n, err)
		}
	}
	_ = body.Close()
	if n, err := whole.Read(p); n != 0 || err != io.EOF { //nolint:errorlint // exactly this
		t.Errorf("after the end: %d, %v", n, err)
	}
}

func TestUnknownLengthRemembersItsEnd(t *testing.T) {
	body := &closing{Reader: strings.NewReader("abc")}
	whole := New(body, -1)
	if content, err := io.ReadAll(whole); string(content) != "abc" || err != nil {
		t.Errorf("%q, %v", content, err)
	}
	_ = body.Close()
	if n, err := whole.Read(make([]byte, 1)); n != 0 || err != io.EOF { //nolint:errorlint // exactly this
		t.Errorf("after the end: %d, %v", n, err)
	}
}

func TestFailuresPass(t *testing.T) {
	failed := errors.New("the client left")
	whole := New(io.NopCloser(iotest.ErrReader(failed)), 3)
	if _, err := whole.Read(make([]byte, 1)); !errors.Is(err, failed) {
		t.Error(err)
	}
}
