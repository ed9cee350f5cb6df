package content_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func says(text string) func(io.Writer) error {
	return func(to io.Writer) error {
		_, err := io.WriteString(to, text)
		return err
	}
}

func TestPutAndOpen(t *testing.T) {
	store := memstore.New()
	stored, err := content.Put(t.Context(), store, says("flights"))
	if err != nil || stored.Bytes != 7 || len(stored.SHA256) != 64 {
		t.Fatalf("put: %+v, %v", stored, err)
	}
	if again, err := content.Put(t.Context(), store, says("flights")); err != nil || again != stored {
		t.Errorf("put again: %+v, %v; want the same", again, err)
	}
	stream, err := content.Open(t.Context(), store, stored.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := io.ReadAll(stream); err != nil || string(read) != "flights" {
		t.Errorf("read %q, %v", read, err)
	}
}

// A reply that is lost, or a write that fails once, is tried again.
func TestPutAfterALostReply(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		store, failures := memstore.New(), 1
		fail := func(verb, _ string) error {
			if verb == memstore.VerbCreate && failures > 0 {
				failures--
				return errors.New("the connection was lost")
			}
			return nil
		}
		if when == "before" {
			store.Before = fail
		} else {
			store.After = fail
		}
		if stored, err := content.Put(t.Context(), store, says("flights")); err != nil || len(store.Keys(mlops.DataKey(stored.SHA256))) != 1 {
			t.Errorf("%s the write: %+v, %v", when, stored, err)
		}
	}
}

// Bytes that change between hash and write are stored under no name.
func TestChangingBytesAreNotStored(t *testing.T) {
	store, writes := memstore.New(), 0
	_, err := content.Put(t.Context(), store, func(to io.Writer) error {
		writes++
		_, err := fmt.Fprintf(to, "row %d", writes)
		return err
	})
	if err == nil || writes != 2 || len(store.Keys("")) != 0 {
		t.Errorf("%v after %d writes, stored %v; want an error and nothing", err, writes, store.Keys(""))
	}
}

func TestWrongBytesDoNotCount(t *testing.T) {
	store := memstore.New()
	stored, err := content.Put(t.Context(), store, says("flights"))
	if err != nil {
		t.Fatal(err)
	}
	store.Put(mlops.DataKey(stored.SHA256), []byte("trains"))
	for name, consume := range map[string]func(io.Reader) error{
		"that are read to the end": func(from io.Reader) error { _, err := io.ReadAll(from); return err },
		"of which little is read":  func(from io.Reader) error { _, err := from.Read(make([]byte, 1)); return err },
		"that make no sense":       func(io.Reader) error { return errors.New("not a tar") },
	} {
		err := content.Use(t.Context(), store, stored.SHA256, consume)
		if !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), "other bytes") {
			t.Errorf("bytes %s: %v, want invalid", name, err)
		}
	}
	for _, sum := range []string{"", "../../etc/passwd", strings.Repeat("x", 64), strings.Repeat("a", 63)} {
		if _, err := content.Open(t.Context(), store, sum); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("open %q: %v, want invalid", sum, err)
		}
	}
	if _, err := content.Open(t.Context(), store, strings.Repeat("a", 64)); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("open what is not there: %v, want not found", err)
	}
}
