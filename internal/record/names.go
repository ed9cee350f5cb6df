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
	name      string
	cells     *cells // nil in an empty slot
	timestamp bool
}

// mostProbes bounds how long a table of names that hash alike is looked through; the map has those that do not fit.
const mostProbes = 8

func newNames(columns map[string]*cells, timestamp string) names {
	n := names{slots: make([]namedColumn, 1<<bits.Len(uint(4*len(columns)+mostProbes))), all: map[string]*namedColumn{}}
	for name, cells := range columns {
		column := namedColumn{name, cells, name == timestamp}
		n.all[name] = &column
		hash := hashOf([]byte(name), 0, uint32(len(name))) //nolint:gosec // a name
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
	hash := hashOf(data, start, end)
	key := data[start:end]
	for probe := range uint64(mostProbes) {
		slot := n.slot(hash + probe)
		if slot.name == string(key) && slot.cells != nil {
			return slot
		}
		if slot.cells == nil {
			return nil
		}
	}
	return n.all[string(key)]
}

// hashOf mixes the first eight bytes of a part of data, the last eight and its length.
func hashOf(data []byte, start, end uint32) uint64 {
	var first, last uint64
	length := uint64(end - start)
	switch {
	case length >= 8:
		first, last = binary.LittleEndian.Uint64(data[start:]), binary.LittleEndian.Uint64(data[end-8:])
	case uint64(start)+8 <= uint64(len(data)):
		first = binary.LittleEndian.Uint64(data[start:]) & (1<<(8*length) - 1)
	default:
		for i, c := range data[start:end] {
			first |= uint64(c) << (8 * i)
		}
	}
	high, low := bits.Mul64(first^0x9e3779b97f4a7c15, last^0xd1b54a32d192ed03^length)
	return high ^ low
}
