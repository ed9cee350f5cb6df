package record

import (
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Broken counts what segments hold that cannot be read: lines that are no records, and what follows the place where a
// segment cannot be decompressed any more, as one. Readers skip it and go on: one line must not cost a window. records verify
// says what is missing for it.
type Broken struct {
	Lines int64  `json:"lines"`
	First string `json:"first"` // where the first of them is, and what is wrong with it
}

// Note adds one.
func (b *Broken) Note(where string, err error) {
	if b.Lines++; b.Lines == 1 {
		b.First = fmt.Sprintf("%s: %s", where, err)
	}
}

// Add adds others.
func (b *Broken) Add(others Broken) {
	if b.Lines == 0 {
		b.First = others.First
	}
	b.Lines += others.Lines
}

// Err is mlops.ErrInvalid where something is broken.
func (b Broken) Err() error {
	if b.Lines == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d lines of the records cannot be read, the first is %s; mlops records verify --read says what is missing", mlops.ErrInvalid, b.Lines, b.First)
}
