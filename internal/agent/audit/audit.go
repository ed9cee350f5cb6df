// Package audit makes tampering with a project's logs visible. Each event holds the hash of the one before it, so a changed
// event breaks its chain; the heads of all logs are sealed once an hour, so a log that was cut short, or written anew from
// some point on, disagrees with a seal. It judges documents, not what they mean, and it never repairs.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// SealSchema marks the heads of all logs at one time.
const SealSchema = "mlops/audit/v1"

// Sealed are the heads of all logs: audit/<yyyy>/<mm>/<dd>/<hour>.json.
type Sealed struct {
	Schema string                   `json:"schema"`
	Writer string                   `json:"writer"`
	Time   time.Time                `json:"time"`
	Heads  map[string]eventlog.Head `json:"heads"` // by the log's prefix: logs/flight-delay
}

// Seal writes the heads of this hour, if nobody has.
func Seal(ctx context.Context, in *project.Project, heads map[string]eventlog.Head) error {
	sealed := Sealed{Schema: SealSchema, Writer: in.NewWriter(), Time: in.Now(), Heads: heads}
	data, err := json.MarshalIndent(sealed, "", "  ")
	if err != nil {
		return err
	}
	err = eventlog.CreateOnce(ctx, stores(in)[0], mlops.SealKey(sealed.Time), data, sealed.Writer)
	if errors.Is(err, mlops.ErrConflict) {
		return nil
	}
	return err
}

// Break is one place where a log is not what was written.
type Break struct {
	Key     string `json:"key"`
	Message string `json:"message"`
}

// Report is what a verification saw.
type Report struct {
	Logs   int     `json:"logs"`
	Events int     `json:"events"`
	Seals  int     `json:"seals"`
	Breaks []Break `json:"breaks"`
}

// Intact says that nothing was found.
func (r Report) Intact() bool { return len(r.Breaks) == 0 }

// Verify walks every log from its first event and compares it with every seal. Its cost is that of reading all of it. An
// error is a store that cannot be read; what was tampered with is in the report.
func Verify(ctx context.Context, in *project.Project) (Report, error) {
	report := Report{Breaks: []Break{}}
	hashes := map[string][]string{} // of each log's events, by prefix
	for _, root := range []string{"logs/", "monitors/"} {
		entries, err := in.Store.List(ctx, root, "", 0)
		if err != nil {
			return report, fmt.Errorf("audit: %w", err)
		}
		keys := map[string][]string{}
		for _, entry := range entries {
			prefix := entry.Key[:strings.LastIndexByte(entry.Key, '/')]
			keys[prefix] = append(keys[prefix], entry.Key)
		}
		for prefix, documents := range keys {
			walked, breaks, err := walk(ctx, eventlog.Log{Store: in.Store, Prefix: prefix}, documents)
			if err != nil {
				return report, fmt.Errorf("audit: %w", err)
			}
			hashes[prefix] = walked
			report.Breaks = append(report.Breaks, breaks...)
			report.Logs++
			report.Events += len(walked)
		}
	}
	if err := compare(ctx, in, hashes, &report); err != nil {
		return report, fmt.Errorf("audit: %w", err)
	}
	slices.SortFunc(report.Breaks, func(a, b Break) int {
		return strings.Compare(a.Key+"\x00"+a.Message, b.Key+"\x00"+b.Message)
	})
	return report, nil
}

// walk reads a log's documents in order and returns the hash of each; it goes on behind a break.
func walk(ctx context.Context, log eventlog.Log, keys []string) (hashes []string, breaks []Break, err error) {
	slices.Sort(keys)
	previous := ""
	for i, key := range keys {
		if want := log.Key(int64(i) + 1); key != want {
			breaks = append(breaks, Break{Key: want, Message: "it is missing: the log goes on with " + key})
			return hashes, breaks, nil
		}
		data, err := log.Store.Read(ctx, key)
		if errors.Is(err, mlops.ErrNotFound) {
			breaks = append(breaks, Break{Key: key, Message: "it was removed during the audit"})
			return hashes, breaks, nil
		}
		if err != nil {
			return hashes, breaks, err
		}
		var header mlops.Header
		switch err := json.Unmarshal(data, &header); {
		case err != nil:
			breaks = append(breaks, Break{Key: key, Message: "it is not JSON: it was changed"})
		case header.Sequence != int64(i)+1:
			breaks = append(breaks, Break{Key: key, Message: fmt.Sprintf("it says that its number is %d", header.Sequence)})
		case header.Previous != previous && i == 0:
			breaks = append(breaks, Break{Key: key, Message: "it is the first of its log and names one before it"})
		case header.Previous != previous:
			breaks = append(breaks, Break{Key: log.Key(int64(i)), Message: fmt.Sprintf("it was changed: number %d was written behind another", header.Sequence)})
		}
		previous = eventlog.Hash(data)
		hashes = append(hashes, previous)
	}
	return hashes, breaks, nil
}

// stores are where seals stand: where they are written first, then where those of before may be, as of a project that was
// copied, or had no store of its own for them.
func stores(in *project.Project) []platform.Store {
	if in.Seals == nil {
		return []platform.Store{in.Store}
	}
	return []platform.Store{in.Seals, in.Store}
}

// compare looks for seals that the logs do not bear out. A seal that stands in two stores alike counts once.
func compare(ctx context.Context, in *project.Project, hashes map[string][]string, report *Report) error {
	seen := map[string]string{}
	for _, store := range stores(in) {
		entries, err := store.List(ctx, mlops.SealPrefix, "", 0)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			data, err := store.Read(ctx, entry.Key)
			if err != nil {
				return err
			}
			if seen[entry.Key] != string(data) {
				seen[entry.Key] = string(data)
				report.check(entry.Key, data, hashes)
			}
		}
	}
	return nil
}

// check compares the logs with one seal.
func (r *Report) check(seal string, data []byte, hashes map[string][]string) {
	var sealed Sealed
	if err := json.Unmarshal(data, &sealed); err != nil {
		r.Breaks = append(r.Breaks, Break{Key: seal, Message: "it is not JSON: it was changed"})
		return
	}
	r.Seals++
	for prefix, head := range sealed.Heads {
		key := eventlog.Log{Prefix: prefix}.Key(head.Sequence)
		log := hashes[prefix]
		switch {
		case head.Sequence > int64(len(log)):
			r.Breaks = append(r.Breaks, Break{Key: key, Message: fmt.Sprintf(
				"it was cut off: %s names %d events, the log can be read to number %d", seal, head.Sequence, len(log))})
		case head.Sequence > 0 && log[head.Sequence-1] != head.SHA256:
			r.Breaks = append(r.Breaks, Break{Key: key, Message: "it is not what was sealed in " + seal})
		}
	}
}
