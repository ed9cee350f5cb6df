package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// A frame is one entry on disk, integers little-endian:
//
//	 0  magic            4 bytes
//	 4  CRC32C           4 bytes, of the payload and then of bytes 8 to 23
//	 8  payload's length 4 bytes
//	12  kind             1 byte, and 3 that are zero
//	16  number           8 bytes
//	24  payload
//
// Preallocated space is zero, which is no magic: a segment ends where no frame begins.
const (
	// FrameRoom is what a buffer given to Append leaves free before the payload.
	FrameRoom = 24
	// MaximumPayload bounds one entry, in bytes.
	MaximumPayload = 64 << 20

	magic = 0x314a4d4c // "LMJ1"
)

// headerKind marks the first frame of a segment, whose payload is the header; it has no number.
const headerKind = 0

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fillFrame completes a frame whose payload stands after FrameRoom bytes; sum is the CRC32C of the payload.
func fillFrame(frame []byte, sum uint32, kind byte, number int64) {
	binary.LittleEndian.PutUint32(frame[0:], magic)
	binary.LittleEndian.PutUint32(frame[8:], uint32(len(frame)-FrameRoom))
	binary.LittleEndian.PutUint32(frame[12:], uint32(kind))
	binary.LittleEndian.PutUint64(frame[16:], uint64(number))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Update(sum, castagnoli, frame[8:FrameRoom]))
}

// Entry is one entry as it is read back; Payload is valid until the next is read.
type Entry struct {
	Number  int64
	Kind    byte
	Payload []byte
}

// parseFrame reads the frame at the start of data; size is 0 where there is none that is whole.
func parseFrame(data []byte) (entry Entry, size int) {
	if len(data) < FrameRoom || binary.LittleEndian.Uint32(data) != magic {
		return Entry{}, 0
	}
	length := int64(binary.LittleEndian.Uint32(data[8:]))
	if length > MaximumPayload || FrameRoom+length > int64(len(data)) {
		return Entry{}, 0
	}
	payload := data[FrameRoom : FrameRoom+length]
	sum := crc32.Update(crc32.Checksum(payload, castagnoli), castagnoli, data[8:FrameRoom])
	if sum != binary.LittleEndian.Uint32(data[4:]) {
		return Entry{}, 0
	}
	entry = Entry{Number: int64(binary.LittleEndian.Uint64(data[16:])), Kind: data[12], Payload: payload}
	return entry, FrameRoom + int(length)
}
