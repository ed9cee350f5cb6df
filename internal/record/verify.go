package record

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Audit is what the manifests of a deployment prove.
type Audit struct {
	Deployment string          `json:"deployment"`
	Instances  []InstanceAudit `json:"instances"`
	// Sums over the instances.
	Records int64 `json:"records"`
	Lost    int64 `json:"lost"`
	Unknown int64 `json:"unknown"` // instances of which nobody can tell what they have lost
	// Complete says that every number of every instance is accounted for by a record.
	Complete bool `json:"complete"`
}

// State is what is known of an instance.
type State string

// The states.
const (
	StateComplete State = "complete" // closed, and every number has its record
	StateLoss     State = "loss"     // closed, and some are lost, all of them named
	StateRunning  State = "running"  // it runs, and what it shipped is there
	StateUnknown  State = "unknown"  // it has opened and never closed: what it had not shipped is lost without a number
)

// InstanceAudit is one instance.
type InstanceAudit struct {
	Instance string    `json:"instance"`
	State    State     `json:"state"`
	Opened   time.Time `json:"opened"`
	Closed   time.Time `json:"closed,omitzero"`
	Ended    Ended     `json:"ended,omitempty"`
	Last     int64     `json:"last"` // number
	Records  int64     `json:"records"`
	Lost     int64     `json:"lost"`
	Gaps     []Gap     `json:"gaps,omitempty"` // with their reasons
	// Problems are manifests and segments that should be there and are not, or do not hold what they should.
	Problems []string `json:"problems,omitempty"`
	// Note is what else is to be known: after a power cut the last moments may be gone without a trace.
	Note string `json:"note,omitempty"`
	// Expired segments have gone as they should, after their time.
	Expired int64 `json:"expired,omitempty"`
}

// reasonUnaccounted is that of numbers that neither a segment nor a loss accounts for.
const reasonUnaccounted = "unaccounted"

// Verification says what to look at.
type Verification struct {
	Deployment string
	// From and To restrict it to instances with a segment of that event time, and to those segments; zero is without end.
	From, To time.Time
	// Running are instances that are known to run now.
	Running map[string]bool
	// Expired are segments that were shipped before it: retention may have taken them. Zero is never.
	Expired time.Time
	// Read also reads every segment and compares its hash.
	Read bool
}

// Verify proves from the manifests that every record is there, or names what is not.
func Verify(ctx context.Context, store platform.Store, of Verification) (Audit, error) {
	audit := Audit{Deployment: of.Deployment, Instances: []InstanceAudit{}, Complete: true}
	documents, err := instances(ctx, store, of.Deployment)
	if err != nil {
		return audit, err
	}
	present, err := presentSegments(ctx, store, of)
	if err != nil {
		return audit, err
	}
	for _, found := range documents {
		v := verifier{Verification: of, store: store, present: present}
		one, concerned, err := v.instance(ctx, found)
		if err != nil {
			return audit, err
		}
		if !concerned {
			continue
		}
		audit.Instances = append(audit.Instances, one)
		audit.Records += one.Records
		audit.Lost += one.Lost
		if one.State == StateUnknown {
			audit.Unknown++
		}
		if one.State == StateUnknown || one.Lost > 0 || len(one.Problems) > 0 {
			audit.Complete = false
		}
	}
	slices.SortStableFunc(audit.Instances, func(a, b InstanceAudit) int { return a.Opened.Compare(b.Opened) })
	return audit, nil
}

// instanceKeys are the documents of one instance.
type instanceKeys struct {
	name      string
	opened    bool
	closed    bool
	manifests []string
}

func instances(ctx context.Context, store platform.Store, deployment string) ([]instanceKeys, error) {
	prefix := collectors + deployment + "/"
	var all []instanceKeys
	err := list(ctx, store, prefix, "", func(entry platform.Entry) bool {
		name, document, ok := strings.Cut(strings.TrimPrefix(entry.Key, prefix), "/")
		if !ok {
			return true
		}
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, instanceKeys{name: name})
		}
		at := &all[len(all)-1]
		switch {
		case document == "opened.json":
			at.opened = true
		case document == "closed.json":
			at.closed = true
		case strings.HasPrefix(document, "manifest-"):
			at.manifests = append(at.manifests, entry.Key)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("collectors of %q: %w", deployment, err)
	}
	return all, nil
}

// presentSegments are the sizes of the segments of a window, records and labels, by key.
func presentSegments(ctx context.Context, store platform.Store, of Verification) (map[string]int64, error) {
	present := map[string]int64{}
	segments, err := Segments(ctx, store, of.Deployment, of.From, of.To)
	if err != nil {
		return nil, err
	}
	labels, err := LabelSegments(ctx, store, of.Deployment, time.Time{})
	if err != nil {
		return nil, err
	}
	for _, segment := range slices.Concat(segments, labels) {
		present[segment.Key] = segment.Size
	}
	return present, nil
}

type verifier struct {
	Verification
	store   platform.Store
	present map[string]int64
	audit   InstanceAudit
	known   []Gap // numbers that are accounted for by segments
	lost    []Gap
}

// instance judges one; concerned is false where it has nothing to do with the window.
func (v *verifier) instance(ctx context.Context, keys instanceKeys) (audit InstanceAudit, concerned bool, err error) {
	v.audit = InstanceAudit{Instance: keys.name, State: StateUnknown}
	concerned = v.From.IsZero() && v.To.IsZero() || !keys.closed
	opening, err := ReadOpening(ctx, v.store, v.Deployment, keys.name)
	if errors.Is(err, mlops.ErrNotFound) || errors.Is(err, mlops.ErrInvalid) {
		v.problem("its opening document is missing or broken")
	} else if err != nil {
		return v.audit, false, err
	}
	v.audit.Opened = opening.Time
	for i, key := range keys.manifests {
		manifest, err := readDocument[Manifest](ctx, v.store, key)
		if errors.Is(err, mlops.ErrNotFound) || errors.Is(err, mlops.ErrInvalid) {
			v.problem("%s is missing or broken", key)
			continue
		}
		if err != nil {
			return v.audit, false, err
		}
		if want := ManifestKey(v.Deployment, keys.name, int64(i+1)); key != want {
			v.problem("%s is missing", want)
			keys.manifests[i] = want // said once
		}
		seen, err := v.manifest(ctx, manifest)
		if err != nil {
			return v.audit, false, err
		}
		concerned = concerned || seen
	}
	if err := v.close(ctx, keys); err != nil {
		return v.audit, false, err
	}
	v.settle()
	return v.audit, concerned, nil
}

func (v *verifier) problem(format string, values ...any) {
	v.audit.Problems = append(v.audit.Problems, fmt.Sprintf(format, values...))
}

// manifest takes in what one says; seen is whether any of it lies in the window.
func (v *verifier) manifest(ctx context.Context, manifest Manifest) (seen bool, err error) {
	v.lost = append(v.lost, manifest.Lost...)
	for _, shipped := range manifest.Shipped {
		v.audit.Last = max(v.audit.Last, shipped.Last)
		count := shipped.Last - shipped.First + 1
		for _, gap := range shipped.Missing {
			count -= gap.Count()
		}
		if count != shipped.Records() {
			v.problem("manifest %d says that numbers %d to %d are %d records and lists %d", manifest.Number, shipped.First, shipped.Last, count, shipped.Records())
		}
		for _, segment := range shipped.Segments {
			in, err := v.segment(ctx, segment, shipped.Time)
			if err != nil {
				return seen, err
			}
			seen = seen || in
		}
		v.known = append(v.known, without(Gap{First: shipped.First, Last: shipped.Last}, shipped.Missing)...)
	}
	return seen, nil
}

// segment checks that one is there; in is false outside of the window.
func (v *verifier) segment(ctx context.Context, segment SegmentEntry, shipped time.Time) (in bool, err error) {
	if hour, ok := hourOf(v.Deployment, segment.Key); ok {
		if !v.From.IsZero() && !hour.Add(time.Hour).After(v.From) || !v.To.IsZero() && !hour.Before(v.To) {
			return false, nil
		}
		in = true
	}
	size, there := v.present[segment.Key]
	switch {
	case !there && !v.Expired.IsZero() && shipped.Before(v.Expired):
		v.audit.Expired++
	case !there:
		v.problem("%s is missing, with %d records", segment.Key, segment.Records)
	case size != segment.Bytes:
		v.problem("%s has %d bytes, and had %d", segment.Key, size, segment.Bytes)
	case v.Read:
		content, err := v.store.Read(ctx, segment.Key)
		if err != nil {
			return in, err
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != segment.SHA256 {
			v.problem("%s does not hold what was written", segment.Key)
		}
	}
	return in, nil
}

// close takes in the closing document, where there is one.
func (v *verifier) close(ctx context.Context, keys instanceKeys) error {
	if !keys.closed {
		if v.Running[keys.name] {
			v.audit.State = StateRunning
		}
		return nil
	}
	closing, err := readDocument[Closing](ctx, v.store, ClosingKey(v.Deployment, keys.name))
	if errors.Is(err, mlops.ErrInvalid) {
		v.problem("%s is broken", path.Base(ClosingKey(v.Deployment, keys.name)))
		return nil
	}
	if err != nil {
		return err
	}
	v.audit.State, v.audit.Closed, v.audit.Ended = StateComplete, closing.Time, closing.Ended
	v.audit.Last = max(v.audit.Last, closing.Last)
	if closing.Ended == EndedMachine {
		v.audit.Note = "the machine ended under it: what came in the last interval of syncing may be gone without a trace"
	}
	v.lost = append(v.lost, closing.Lost...)
	if missing := closing.Manifests - int64(len(keys.manifests)); missing > 0 {
		v.problem("%d of %d manifests are missing", missing, closing.Manifests)
	}
	return nil
}

// settle adds up: what neither stands in a segment nor is known to be lost is a gap without a reason.
func (v *verifier) settle() {
	v.known = merged(v.known)
	for _, gap := range v.known {
		v.audit.Records += gap.Count()
	}
	var named []Gap
	for _, gap := range merged(v.lost) {
		v.audit.Last = max(v.audit.Last, gap.Last)
		for _, piece := range without(gap, v.known) {
			piece.Reason = gap.Reason
			named = append(named, piece)
		}
	}
	for _, piece := range without(Gap{First: 1, Last: v.audit.Last}, merged(append(slices.Clone(v.known), named...))) {
		piece.Reason = reasonUnaccounted
		named = append(named, piece)
	}
	slices.SortFunc(named, func(a, b Gap) int { return cmp.Compare(a.First, b.First) })
	for _, gap := range named {
		v.audit.Lost += gap.Count()
	}
	v.audit.Gaps = named
	if v.audit.State == StateComplete && v.audit.Lost > 0 {
		v.audit.State = StateLoss
	}
}

// merged sorts ranges and joins those that overlap or touch, where their reason is one.
func merged(ranges []Gap) []Gap {
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b Gap) int { return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last)) })
	var joined []Gap
	for _, next := range sorted {
		if end := len(joined) - 1; end >= 0 && next.First <= joined[end].Last+1 {
			if next.Reason == joined[end].Reason || next.Last <= joined[end].Last {
				joined[end].Last = max(joined[end].Last, next.Last)
				continue
			}
			next.First = max(next.First, joined[end].Last+1)
		}
		joined = append(joined, next)
	}
	return joined
}

// without is what of a range lies in none of the others, which are sorted.
func without(of Gap, others []Gap) (left []Gap) {
	for _, other := range others {
		if other.Last < of.First || other.First > of.Last {
			continue
		}
		if other.First > of.First {
			left = append(left, Gap{First: of.First, Last: other.First - 1})
		}
		of.First = other.Last + 1
	}
	if of.First <= of.Last {
		left = append(left, of)
	}
	return left
}
