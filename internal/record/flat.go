package record

import (
	"encoding/json"
	"math"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/flatjson"
)

// flatRows are the rows of a JSON array as most are: flat objects with plain keys.
type flatRows struct {
	flatjson.Rows
	json []byte // that was read; it ends where the array does
}

// are says whether these are the rows of just this memory.
func (f *flatRows) are(rows json.RawMessage) bool {
	return len(rows) > 0 && len(rows) == len(f.json) && &rows[0] == &f.json[0]
}

// read reads rows.
func (f *flatRows) read(rows json.RawMessage) bool {
	length, ok := f.Read(rows)
	f.json = rows
	return ok && onlySpace(rows[length:])
}

func onlySpace(data []byte) bool {
	for _, c := range data {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// found is where the cells of a record stand in its line, as the Decoder that read it found them.
type found struct{ data, response flatRows }

// flatOf are rows as a Decoder found them, else as they are read now. Where they are not all flat, those before the first that is
// not.
func flatOf(known, own *flatRows, rows json.RawMessage) (flat *flatRows, whole bool) {
	if known.are(rows) {
		return known, true
	}
	return own, own.read(rows)
}

// addFlat adds rows that were read.
func (b *Builder) addFlat(rows *flatRows, eventTime time.Time) {
	start := 0
	for _, end := range rows.Ends {
		b.addFlatRow(rows.json, rows.Members[start:end], eventTime)
		start = end
	}
}

func (b *Builder) addFlatRow(data []byte, members []flatjson.Member, eventTime time.Time) {
	index := int(b.result.Rows)
	b.result.Rows++
	at := eventTime
	staged := b.stage.row(index)
	for i := range members {
		m := &members[i]
		column := b.names.find(data, m.Key, m.KeyEnd)
		if column == nil {
			b.unknown(string(data[m.Key:m.KeyEnd]))
			continue
		}
		if column.place >= 0 {
			if staged[column.place] == missingCell {
				if m.Kind == flatjson.Number {
					staged[column.place] = math.Float64bits(m.Number)
					continue
				}
				if m.Kind == flatjson.Null {
					staged[column.place] = nullCell
					continue
				}
			}
			b.stage.bypass(column.place)
		}
		column.cells.setMember(index, data, m)
		if column.timestamp && !column.cells.last.IsZero() {
			at = column.cells.last
		}
	}
	b.result.Times = append(b.result.Times, at)
}
