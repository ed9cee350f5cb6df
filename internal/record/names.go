package record

import (
	"encoding/binary"
	"math/bits"
)

// names find columns by the keys of rows, in whatever order they stand: a table of hashes with a map behind it.
type names struct {
	slots []namedColumn // a power of two, most of them empty
	all   map[string]*namedColumn
}

type namedColumn struct {
	ends      ends
	name      string
	cells     *cells // nil in an empty slot
	place     int    // of a column of numbers: in a staged row; else negative
	timestamp bool
}

// ends are the first eight bytes of a text, the last eight and its length: all of one that is not longer than sixteen.
type ends struct{ first, last, length uint64 }

// mostProbes bounds how long a table of names that hash alike is looked through; the map has those that do not fit.
const mostProbes = 8

func newNames(columns map[string]*cells, timestamp string, staged *stage) names {
	n := names{slots: make([]namedColumn, 1<<bits.Len(uint(4*len(columns)+mostProbes))), all: map[string]*namedColumn{}}
	for name, cells := range columns {
		column := namedColumn{endsOf([]byte(name), 0, uint32(len(name))), name, cells, staged.add(cells), name == timestamp} //nolint:gosec // a name
		n.all[name] = &column
		hash := column.ends.hash()
		for probe := range uint64(mostProbes) {
			if slot := n.slot(hash + probe); slot.cells == nil {
				*slot = column
				break
			}
		}
	}
	return n
}

func (n *names) slot(hash uint64) *namedColumn { return &n.slots[hash&uint64(len(n.slots)-1)] }

// find is the column of a key; nil where there is none.
func (n *names) find(data []byte, start, end uint32) *namedColumn {
	of := endsOf(data, start, end)
	hash := of.hash()
	for probe := range uint64(mostProbes) {
		slot := n.slot(hash + probe)
		if slot.ends == of && slot.cells != nil && (of.length <= 16 || slot.name == string(data[start:end])) {
			return slot
		}
		if slot.cells == nil {
			return nil
		}
	}
	return n.all[string(data[start:end])]
}

func endsOf(data []byte, start, end uint32) ends {
	of := ends{length: uint64(end - start)}
	switch {
	case of.length >= 8:
		of.first, of.last = binary.LittleEndian.Uint64(data[start:]), binary.LittleEndian.Uint64(data[end-8:])
	case uint64(start)+8 <= uint64(len(data)):
		of.first = binary.LittleEndian.Uint64(data[start:]) & (1<<(8*of.length) - 1)
	default:
		for i, c := range data[start:end] {
			of.first |= uint64(c) << (8 * i)
		}
	}
	return of
}

func (e ends) hash() uint64 {
	high, low := bits.Mul64(e.first^0x9e3779b97f4a7c15, e.last^0xd1b54a32d192ed03^e.length)
	return high ^ low
}
