package hours

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Schema marks a profile of traffic.
const Schema = "mlops/traffic-profile/v1"

// document is a profile: one line of JSON, behind it the counts of its parts, and the names of the segments that they are of.
type document struct {
	Schema     string    `json:"schema"`
	Writer     string    `json:"writer"`
	Time       time.Time `json:"time"` // when it was made
	Deployment string    `json:"deployment"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Segments   tagged    `json:"segments"`
	// Late counts the rows among them that came after an hour had been counted.
	Late int64 `json:"late_rows,omitempty"`
	// Broken is what of the segments could not be read.
	Broken    record.Broken `json:"broken,omitzero"`
	Parts     []Part        `json:"parts"`
	NameBytes int           `json:"segment_name_bytes,omitempty"`

	names []string // of an hour's segments
	body  []byte   // counts, then names
}

// tagged stands for a set of segments: how many, and the sum of a hash of each. Sets that do not overlap add up.
type tagged struct {
	Count int64  `json:"count"`
	Sum   uint64 `json:"sum"`
}

func tagOf(segments []platform.Entry) (all tagged) {
	for _, segment := range segments {
		hash := fnv.New64a()
		fmt.Fprintf(hash, "%s %d", segment.Key, segment.Size)
		all = all.plus(tagged{1, hash.Sum64()})
	}
	return all
}

func (t tagged) plus(other tagged) tagged { return tagged{t.Count + other.Count, t.Sum + other.Sum} }

func (d *document) encode() ([]byte, error) {
	var body []byte
	for i := range d.Parts {
		body = d.Parts[i].encode(body)
	}
	names := strings.Join(d.names, "\n")
	d.NameBytes = len(names)
	header, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	return slices.Concat(header, []byte("\n"), body, []byte(names)), nil
}

func decode(key string, content []byte) (document, error) {
	head, body, found := bytes.Cut(content, []byte("\n"))
	var d document
	if err := json.Unmarshal(head, &d); err != nil || !found || d.Schema != Schema {
		return d, fmt.Errorf("%s: %w: no profile of traffic: %w", key, mlops.ErrInvalid, errors.Join(err))
	}
	length := d.NameBytes
	for _, part := range d.Parts {
		if part.Bytes < 0 {
			return d, fmt.Errorf("%s: %w: the profile is broken", key, mlops.ErrInvalid)
		}
		length += part.Bytes
	}
	if length != len(body) || d.NameBytes < 0 {
		return d, fmt.Errorf("%s: %w: the profile has %d bytes of counts, and should have %d", key, mlops.ErrInvalid, len(body), length)
	}
	d.body = body
	return d, nil
}

// segmentNames are the segments that an hour has counted.
func (d *document) segmentNames() []string {
	if d.NameBytes == 0 {
		return nil
	}
	return strings.Split(string(d.body[len(d.body)-d.NameBytes:]), "\n")
}

func (k Keeper) read(ctx context.Context, key string) (document, error) {
	content, err := k.Store.Read(ctx, key)
	if err != nil {
		return document{}, err
	}
	return decode(key, content)
}

// write creates a document. One that somebody else has created meanwhile is mlops.ErrExists.
func (k Keeper) write(ctx context.Context, key string, d *document) error {
	d.Schema, d.Writer, d.Time = Schema, k.NewWriter(), k.Now().UTC()
	content, err := d.encode()
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return k.Store.Create(ctx, key, content)
}
