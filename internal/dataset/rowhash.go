package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// Hash identifies a row by what it holds.
type Hash [16]byte

// RowHash is the hash of a row's cells under their columns' names; the order of the columns makes no difference.
func RowHash(columns, cells []string) Hash {
	hasher := newRowHasher(columns, columns)
	return hasher.hash(cells)
}

// rowHasher hashes many rows of one header.
type rowHasher struct {
	names  []string // of the columns that count, in order
	at     []int    // where they stand in a record
	buffer []byte
}

// newRowHasher hashes the columns of a header that are among those that count.
func newRowHasher(header, counting []string) *rowHasher {
	hasher := &rowHasher{}
	for _, name := range slices.Sorted(slices.Values(counting)) {
		if at := slices.Index(header, name); at >= 0 {
			hasher.names, hasher.at = append(hasher.names, name), append(hasher.at, at)
		}
	}
	return hasher
}

// hash puts lengths before texts, so that no two rows read the same.
func (h *rowHasher) hash(record []string) Hash {
	h.buffer = h.buffer[:0]
	for i, name := range h.names {
		cell := record[h.at[i]]
		h.buffer = binary.AppendUvarint(h.buffer, uint64(len(name)))
		h.buffer = append(h.buffer, name...)
		h.buffer = binary.AppendUvarint(h.buffer, uint64(len(cell)))
		h.buffer = append(h.buffer, cell...)
	}
	sum := sha256.Sum256(h.buffer)
	return Hash(sum[:len(Hash{})])
}

// hashRows hashes every row of a canonical table.
func hashRows(of table.Table) []Hash {
	names := of.Names()
	hasher := newRowHasher(names, names)
	texts := make([][]string, len(of.Columns))
	for i, column := range of.Columns {
		texts[i], _ = column.AsText()
	}
	hashes := make([]Hash, of.Rows)
	record := make([]string, len(texts))
	for row := range hashes {
		for i := range texts {
			record[i] = texts[i][row]
		}
		hashes[row] = hasher.hash(record)
	}
	return hashes
}

// hashText hashes one value, for the split by an identifier.
func hashText(text string) Hash {
	sum := sha256.Sum256([]byte(text))
	return Hash(sum[:len(Hash{})])
}
