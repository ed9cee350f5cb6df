package collect

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// account keeps what was shipped until a manifest says so. Each manifest has a file shipped-<n>.jsonl of its own, whose first
// line holds the sums so far; once a manifest is attempted its file is not written any more, so that it can be made again.
type account struct {
	folder  string
	number  int64 // of the manifest that is being gathered
	file    *os.File
	pending []record.Shipped
	older   []begun
	last    int64 // number that was shipped
	records int64
	lost    int64 // as the last manifest said
	said    time.Time
}

// begun is a manifest that is not known to be in the store.
type begun struct {
	number  int64
	shipped []record.Shipped
}

// sums is the first line of a file.
type sums struct {
	Last    int64 `json:"last"`
	Records int64 `json:"records"`
	Lost    int64 `json:"lost"`
}

// mostPending pieces stand in one manifest, and a loss that goes on makes one no more often than each lossInterval.
const (
	mostPending  = 1000
	lossInterval = 10 * time.Second
)

func accountFile(folder string, number int64) string {
	return filepath.Join(folder, fmt.Sprintf("shipped-%012d.jsonl", number))
}

func openAccount(folder string) (*account, error) {
	a := &account{folder: folder, number: 1}
	names, err := filepath.Glob(filepath.Join(folder, "shipped-*.jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for i, name := range names {
		number, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "shipped-"), ".jsonl"), 10, 64)
		if err != nil {
			continue
		}
		if i < len(names)-1 {
			_, shipped, err := readAccount(folder, number)
			if err != nil {
				return nil, err
			}
			a.older = append(a.older, begun{number, shipped})
			continue
		}
		a.number = number
	}
	first, pending, err := readAccount(folder, a.number)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	a.last, a.records, a.lost = first.Last, first.Records, first.Lost
	for _, shipped := range pending {
		a.take(shipped)
	}
	if a.file, err = os.OpenFile(accountFile(folder, a.number), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	if info, err := a.file.Stat(); err == nil && info.Size() == 0 {
		return a, a.write(first)
	}
	return a, nil
}

// readAccount reads a file; a last line that was torn is what was not confirmed yet.
func readAccount(folder string, number int64) (first sums, pending []record.Shipped, err error) {
	content, err := os.ReadFile(accountFile(folder, number))
	if err != nil {
		return first, nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, len(content)+1)
	for i := 0; lines.Scan(); i++ {
		if i == 0 {
			_ = json.Unmarshal(lines.Bytes(), &first)
			continue
		}
		var shipped record.Shipped
		if json.Unmarshal(lines.Bytes(), &shipped) == nil && shipped.First > 0 {
			pending = append(pending, shipped)
		}
	}
	return first, pending, lines.Err()
}

func (a *account) take(shipped record.Shipped) {
	if slices.ContainsFunc(a.pending, func(other record.Shipped) bool { return other.First == shipped.First && other.Last == shipped.Last }) {
		return // shipped again after a crash
	}
	a.pending = append(a.pending, shipped)
	a.last = max(a.last, shipped.Last)
	a.records += shipped.Records()
}

func (a *account) write(line any) error {
	content, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = a.file.Write(append(content, '\n'))
	return err
}

// add notes a piece that the store has confirmed. That it cannot be written is no reason to ship it again for ever: a full
// disk gets room only when what was shipped goes.
func (a *account) add(shipped record.Shipped) error {
	err := a.write(shipped)
	a.take(shipped)
	return err
}

// due says whether a manifest should be made: the hour is over, there is much to say, or something was lost.
func (a *account) due(now time.Time, lost int64) bool {
	if len(a.older) > 0 || lost != a.lost && now.Sub(a.said) >= lossInterval || len(a.pending) >= mostPending {
		return true
	}
	return len(a.pending) > 0 && !a.pending[0].Time.Truncate(time.Hour).Equal(now.UTC().Truncate(time.Hour))
}

// tell makes the manifests that are due, or all.
func (a *account) tell(ctx context.Context, store platform.Store, h *home, now time.Time, all bool) error {
	lost := h.losses()
	count := int64(0)
	for _, gap := range lost {
		count += gap.Count()
	}
	if !a.due(now, count) && (!all || len(a.pending) == 0 && count == a.lost) {
		return nil
	}
	a.said = now
	if len(a.pending) > 0 || count != a.lost {
		if err := a.next(count); err != nil {
			return fmt.Errorf("log folder %q: %w", a.folder, err)
		}
	}
	for len(a.older) > 0 {
		if err := a.publish(ctx, store, h, a.older[0], lost, now); err != nil {
			return err
		}
		_ = os.Remove(accountFile(a.folder, a.older[0].number)) // what stays is said once more, under the same name
		a.older = a.older[1:]
	}
	if count > 0 {
		return record.WriteOnce(ctx, store, record.LossKey(h.owner.Deployment, h.owner.Instance, count), struct {
			Schema string       `json:"schema"`
			Lost   []record.Gap `json:"lost"`
		}{record.ManifestSchema, lost})
	}
	return nil
}

// next begins another file, so that the one before is what it is.
func (a *account) next(lost int64) error {
	file, err := os.OpenFile(accountFile(a.folder, a.number+1), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_ = a.file.Close()
	a.older = append(a.older, begun{a.number, a.pending})
	a.number++
	a.file, a.pending, a.lost = file, nil, lost
	return a.write(sums{Last: a.last, Records: a.records, Lost: lost})
}

func (a *account) publish(ctx context.Context, store platform.Store, h *home, begun begun, lost []record.Gap, now time.Time) error {
	manifest := record.Manifest{
		Schema: record.ManifestSchema, Deployment: h.owner.Deployment, Instance: h.owner.Instance, Number: begun.number, Time: now.UTC(),
		Shipped: begun.shipped, Lost: lost,
	}
	if manifest.Shipped == nil {
		manifest.Shipped = []record.Shipped{}
	}
	return record.WriteOnce(ctx, store, record.ManifestKey(manifest.Deployment, manifest.Instance, begun.number), manifest)
}

func (a *account) close() error { return a.file.Close() }
