package collect

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// group is the records of one segment of the log that make one segment of the store: those of one kind and one hour.
type group struct {
	key     string
	content []byte // compressed lines
	lines   []byte // that are still to be compressed: not those of the first group
	records int64
}

// packed is a segment of the log as it goes into the store.
type packed struct {
	groups  []*group
	numbers []int64 // of the records, in order
	damaged int64   // bytes that could not be read back
}

// packer makes one. Nearly always its records are of one group, whose lines are compressed as they come.
type packer struct {
	renderer
	index   map[groupKey]*group
	result  packed
	to      *record.Compressor // of the first group
	scratch []byte
	line    []byte
	room    []byte
}

type groupKey struct {
	schema     string
	hour       int64 // hours since 1970
	deployment string
	instance   string
}

// pack reads a segment of the log. Entries are written as they come and grouped by hour of event time, in order of number.
func (s *shipper) pack(ctx context.Context, h *home, segment journal.Segment) (packed, error) {
	p := packer{
		renderer: renderer{constants: h.owner.constants, redact: s.redact(), notCaptured: s.bodies}, index: map[groupKey]*group{},
		to: s.compress, scratch: s.scratch, line: s.line, room: s.room,
	}
	p.to.Begin(s.content[:0])
	headed := false
	content, err := s.reader.Read(segment.Path, func(header []byte, entry journal.Entry) {
		if !headed && header != nil {
			_ = json.Unmarshal(header, &p.constants) // its checksum held; else the owner's are as good
		}
		headed = true
		if !p.take(entry) {
			p.result.damaged += int64(len(entry.Payload))
		}
		s.rest(ctx, h)
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // somebody has removed it: its numbers are holes, and the log goes on
	}
	p.result.damaged += content.Damaged
	s.scratch, s.line, s.room = p.scratch, p.line, p.room
	s.content = p.to.End()
	for i, group := range p.result.groups {
		if i == 0 {
			group.content = s.content
		} else {
			group.content, group.lines = p.to.Compress(nil, group.lines), nil
		}
	}
	return p.result, err
}

// take adds one entry; false where it is none that we write.
func (p *packer) take(entry journal.Entry) bool {
	switch entry.Kind {
	case kindExchange:
		c, err := parseCaptured(entry.Payload)
		if err != nil {
			return false
		}
		p.room = roomFor(c, p.room)
		made := p.record(c, p.room)
		if p.scratch, err = made.AppendJSON(p.scratch[:0]); err != nil {
			return false
		}
		p.add(groupKey{record.Schema, hours(made.EventTime), p.Deployment, p.Instance}, entry.Number, made.EventTime, p.scratch)
	case kindRecord:
		if len(entry.Payload) < 8 {
			return false
		}
		at := time.Unix(0, int64(binary.LittleEndian.Uint64(entry.Payload))).UTC()
		p.add(groupKey{record.Schema, hours(at), p.Deployment, p.Instance}, entry.Number, at, entry.Payload[8:])
	case kindLine:
		line, err := record.DecodeLine(record.AppendLine(nil, entry.Payload, entry.Number))
		if err != nil {
			return false
		}
		p.add(groupKey{line.Schema, hours(line.EventTime), line.Deployment, line.Instance}, entry.Number, line.EventTime, entry.Payload)
	default:
		return false
	}
	return true
}

func hours(at time.Time) int64 { return at.Truncate(time.Hour).Unix() }

func (p *packer) add(key groupKey, number int64, at time.Time, encoded []byte) {
	to, ok := p.index[key]
	if !ok {
		first := record.Line{Schema: key.schema, Deployment: key.deployment, Instance: key.instance, EventTime: at, Sequence: number}
		to = &group{key: first.Key()}
		p.index[key] = to
		p.result.groups = append(p.result.groups, to)
	}
	if to == p.result.groups[0] {
		p.line = record.AppendLine(p.line[:0], encoded, number)
		p.to.Add(p.line)
	} else {
		to.lines = record.AppendLine(to.lines, encoded, number)
	}
	to.records++
	p.result.numbers = append(p.result.numbers, number)
}

// sameRecords says whether a segment that is there holds the records that another does, told by their ids: what is made of a
// body may have changed since.
func sameRecords(there, made []byte) bool {
	old, err := record.Decompress(there)
	if err != nil {
		return false
	}
	lines, err := record.Decompress(made)
	if err != nil {
		return false
	}
	if bytes.Equal(old, lines) {
		return true
	}
	ours, theirs := ids(lines), ids(old)
	if len(ours) != len(theirs) {
		return false
	}
	for i, id := range ours {
		if id != theirs[i] || id == "" {
			return false
		}
	}
	return true
}

func ids(lines []byte) []string {
	var all []string
	for line := range bytes.Lines(lines) {
		var named struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(line, &named) // one without an id is the same as none
		all = append(all, named.ID)
	}
	return all
}
