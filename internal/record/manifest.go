package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// What a collector says of itself stands beside the records, so that a missing one is seen and not guessed at:
//
//	collectors/<deployment>/<instance>/opened.json              before it takes its first request
//	collectors/<deployment>/<instance>/manifest-<12-digit n>.json  for each hour, and whenever something was lost
//	collectors/<deployment>/<instance>/closed.json              its last number, once everything is shipped
//	losses/<deployment>/<instance>/<12-digit count>.json        how many are lost so far; the name says it all
const (
	collectors = "collectors/"
	losses     = "losses/"

	OpeningSchema  = "mlops/collector-opening/v1"
	ManifestSchema = "mlops/collector-manifest/v1"
	ClosingSchema  = "mlops/collector-closing/v1"
)

// Opening says that an instance gives numbers from 1 on from now.
type Opening struct {
	Schema       string    `json:"schema"`
	Writer       string    `json:"writer"` // random, so that two collectors of one name see each other
	Deployment   string    `json:"deployment"`
	Instance     string    `json:"instance"`
	Model        string    `json:"model,omitempty"`
	ModelVersion int64     `json:"model_version,omitempty"`
	Time         time.Time `json:"time"`
}

// Gap is numbers without records.
type Gap struct {
	First  int64  `json:"first"`
	Last   int64  `json:"last"`
	Reason string `json:"reason,omitempty"`
}

// Count is how many they are.
func (g Gap) Count() int64 { return g.Last - g.First + 1 }

// SegmentEntry is a segment as it was written.
type SegmentEntry struct {
	Key     string `json:"key"`
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
}

// Shipped is one piece of the log: the numbers from First to Last without Missing stand in Segments, all of them.
type Shipped struct {
	First    int64          `json:"first"`
	Last     int64          `json:"last"`
	Missing  []Gap          `json:"missing,omitempty"`
	Damaged  int64          `json:"damaged_bytes,omitempty"` // of the log that could not be read back
	Segments []SegmentEntry `json:"segments"`
	Time     time.Time      `json:"time"` // when the store had confirmed all
}

// Records is how many stand in the segments.
func (s Shipped) Records() int64 {
	count := int64(0)
	for _, segment := range s.Segments {
		count += segment.Records
	}
	return count
}

// Manifest is what an instance shipped since the one before, and all that it has lost so far.
type Manifest struct {
	Schema     string    `json:"schema"`
	Deployment string    `json:"deployment"`
	Instance   string    `json:"instance"`
	Number     int64     `json:"number"` // from 1
	Time       time.Time `json:"time"`
	Shipped    []Shipped `json:"shipped"`
	Lost       []Gap     `json:"lost,omitempty"`
}

// Closing ends an instance: there is no number after Last.
type Closing struct {
	Schema     string    `json:"schema"`
	Deployment string    `json:"deployment"`
	Instance   string    `json:"instance"`
	Last       int64     `json:"last"`
	Manifests  int64     `json:"manifests"`
	Records    int64     `json:"records"`
	Lost       []Gap     `json:"lost,omitempty"`
	Ended      Ended     `json:"ended"`
	By         string    `json:"by"` // the instance that closed it: itself, or a successor
	Time       time.Time `json:"time"`
}

// Ended is how an instance came to its end.
type Ended string

// The ends. After a power cut what was written in the last interval of syncing may be gone without a trace.
const (
	EndedStopped Ended = "stopped"
	EndedKilled  Ended = "killed"
	EndedMachine Ended = "machine_restarted"
)

// OpeningKey is where an instance opens.
func OpeningKey(deployment, instance string) string {
	return collectors + deployment + "/" + instance + "/opened.json"
}

// ClosingKey is where it closes.
func ClosingKey(deployment, instance string) string {
	return collectors + deployment + "/" + instance + "/closed.json"
}

// ManifestKey is where its n-th manifest stands.
func ManifestKey(deployment, instance string, number int64) string {
	return fmt.Sprintf("%s%s/%s/manifest-%012d.json", collectors, deployment, instance, number)
}

// LossKey says that an instance has lost so many in all.
func LossKey(deployment, instance string, count int64) string {
	return fmt.Sprintf("%s%s/%s/%012d.json", losses, deployment, instance, count)
}

// Lost is how many records of a deployment are known to be lost. It costs one listing, of nothing where nothing was lost.
func Lost(ctx context.Context, store platform.Store, deployment string) (int64, error) {
	most := map[string]int64{}
	err := list(ctx, store, losses+deployment+"/", "", func(entry platform.Entry) bool {
		count, err := strconv.ParseInt(strings.TrimSuffix(path.Base(entry.Key), ".json"), 10, 64)
		if err == nil {
			most[path.Dir(entry.Key)] = max(count, most[path.Dir(entry.Key)])
		}
		return true
	})
	total := int64(0)
	for _, count := range most {
		total += count
	}
	if err != nil {
		return 0, fmt.Errorf("losses of %q: %w", deployment, err)
	}
	return total, nil
}

// readDocument reads one of the documents above; mlops.ErrNotFound where there is none.
func readDocument[T any](ctx context.Context, store platform.Store, key string) (T, error) {
	var document T
	content, err := store.Read(ctx, key)
	if err != nil {
		return document, err
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return document, fmt.Errorf("%s: %w: %w", key, mlops.ErrInvalid, err)
	}
	return document, nil
}

// ReadOpening reads the opening document of an instance; mlops.ErrNotFound where there is none.
func ReadOpening(ctx context.Context, store platform.Store, deployment, instance string) (Opening, error) {
	return readDocument[Opening](ctx, store, OpeningKey(deployment, instance))
}

// WriteOnce creates a document; one that is there already was written by an earlier attempt and is no error.
func WriteOnce(ctx context.Context, store platform.Store, key string, document any) error {
	content, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if err := store.Create(ctx, key, append(content, '\n')); err != nil && !errors.Is(err, mlops.ErrExists) {
		return err
	}
	return nil
}
