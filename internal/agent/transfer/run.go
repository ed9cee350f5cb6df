package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/audit"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// atOnce is how many documents are on their way at a time.
const atOnce = 8

// Progress is how far a copy is.
type Progress struct {
	Doing     string // "copy specs", "verify specs"
	Documents int    // done
	Total     int
	Bytes     int64 // done
}

// Result is what a copy has come to.
type Result struct {
	Copied   int   `json:"copied"`   // documents that were not at the target
	Verified int   `json:"verified"` // documents whose bytes were read back from the target
	Bytes    int64 `json:"bytes"`    // verified
	// Gone are documents that retention took from the source meanwhile.
	Gone  int          `json:"gone,omitempty"`
	Audit audit.Report `json:"audit"` // of the target; breaks are those that the source has too
}

// Run copies what is missing, reads everything back, checks the chains of the logs, and only then makes the target a project,
// which says where it lives now. say is called from several goroutines, one at a time.
func (p *Plan) Run(ctx context.Context, say func(Progress)) (Result, error) {
	var result Result
	if err := p.claim(ctx); err != nil {
		return result, err
	}
	copying := &copying{plan: p, say: say, result: &result, sums: map[string]string{}, gone: map[string]bool{}}
	for at := range stageProject {
		if err := copying.stage(ctx, at); err != nil {
			return result, err
		}
	}
	for at := range stageProject {
		if err := copying.verify(ctx, at); err != nil {
			return result, err
		}
	}
	if err := p.audit(ctx, &result); err != nil {
		return result, err
	}
	if err := copying.stage(ctx, stageProject); err != nil {
		return result, err
	}
	if err := copying.verify(ctx, stageProject); err != nil {
		return result, err
	}
	return result, p.settle(ctx)
}

// audit walks the logs at the target. What is broken there must be broken at the source in the same way.
func (p *Plan) audit(ctx context.Context, result *Result) error {
	var err error
	if result.Audit, err = audit.Verify(ctx, p.to); err != nil || result.Audit.Intact() {
		return err
	}
	source, err := audit.Verify(ctx, p.from)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(source.Breaks, result.Audit.Breaks) {
		first := result.Audit.Breaks[0]
		return fmt.Errorf("the history at %s is not that of %s: %s: %s", p.To, p.From, first.Key, first.Message)
	}
	return nil
}

// settle declares the project anew with the place that it lives in now; in a copy that was made before it writes nothing.
func (p *Plan) settle(ctx context.Context) error {
	own, err := p.to.Own(ctx)
	if err != nil {
		return err
	}
	settled, err := placed(own, p.To)
	if err != nil {
		return err
	}
	_, err = p.to.UpdateSpec(ctx, settled)
	return err
}

// placed is a project that lives elsewhere. What only the configuration can say of the new place, as clusters, stays empty
// until the first apply.
func placed(own mlops.Project, place string) (mlops.Project, error) {
	if folder, local := strings.CutPrefix(place, mlops.LocalScheme); local {
		moved := mlops.Local{Path: folder, Port: mlops.DefaultLocalPort}
		if own.Local != nil {
			moved.Port = own.Local.Port
		}
		own.Local, own.Azure = &moved, nil
		return own, nil
	}
	at, err := mlops.ParseAzurePlace(place)
	if err != nil {
		return own, err
	}
	moved := mlops.Azure{ApplyFrom: mlops.ApplyFromTerraform}
	if own.Azure != nil {
		moved = *own.Azure
	}
	moved.Store = mlops.AzureStore{StorageAccountID: at.StorageAccountID, Container: at.Container}
	own.Local, own.Azure = nil, &moved
	return own, nil
}

// copying is a copy under way.
type copying struct {
	plan *Plan
	say  func(Progress)

	mutex  sync.Mutex
	result *Result
	sums   map[string]string // SHA-256 of what was read from the source
	gone   map[string]bool
}

// stage copies what is missing of one stage.
func (c *copying) stage(ctx context.Context, at stage) error {
	return c.each(ctx, "copy", at, func(ctx context.Context, entry platform.Entry) error {
		if there, found := c.plan.there[entry.Key]; found {
			if there.Size != entry.Size {
				return c.differs(entry.Key)
			}
			return nil // its bytes are compared when it is verified
		}
		source, err := c.plan.source(entry.Key).Open(ctx, entry.Key)
		if errors.Is(err, mlops.ErrNotFound) {
			c.lost(entry.Key)
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.plan.From, err)
		}
		defer source.Close()
		sum := sha256.New()
		err = c.plan.to.Store.CreateFrom(ctx, entry.Key, io.TeeReader(source, sum))
		if errors.Is(err, mlops.ErrExists) {
			return nil // of a reply that was lost, or of another copy: verified as all
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.plan.To, err)
		}
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.sums[entry.Key] = hex.EncodeToString(sum.Sum(nil))
		c.result.Copied++
		return nil
	})
}

// verify reads one stage back from the target and compares it with the source, content with its name.
func (c *copying) verify(ctx context.Context, at stage) error {
	return c.each(ctx, "verify", at, func(ctx context.Context, entry platform.Entry) error {
		want, err := c.expected(ctx, entry.Key)
		if errors.Is(err, mlops.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.plan.From, err)
		}
		got, err := hashOf(ctx, c.plan.to.Store, entry.Key)
		if err != nil {
			return fmt.Errorf("%s: %w", c.plan.To, err)
		}
		if got != want {
			return c.differs(entry.Key)
		}
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.result.Verified++
		c.result.Bytes += entry.Size
		return nil
	})
}

func (c *copying) differs(key string) error {
	return fmt.Errorf("%w: %s at %s is not what it is at %s: somebody has changed it, or the copy has gone on by itself; copy to an empty place", mlops.ErrConflict, key, c.plan.To, c.plan.From)
}

// expected is the hash that a document must have at the target; mlops.ErrNotFound where it is gone from the source.
func (c *copying) expected(ctx context.Context, key string) (string, error) {
	c.mutex.Lock()
	sum, gone := c.sums[key], c.gone[key]
	c.mutex.Unlock()
	if gone {
		return "", mlops.ErrNotFound
	}
	if named, content := strings.CutPrefix(key, mlops.DataKey("")); content {
		return named, nil
	}
	if sum != "" {
		return sum, nil
	}
	return hashOf(ctx, c.plan.source(key), key)
}

func (c *copying) lost(key string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.gone[key] = true
	c.result.Gone++
}

// each does something with every document of a stage, several at once, and says how far it is.
func (c *copying) each(ctx context.Context, verb string, at stage, do func(context.Context, platform.Entry) error) error {
	group, going := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	done := Progress{Doing: verb + " " + at.String(), Total: len(c.plan.stages[at])}
	for _, entry := range c.plan.stages[at] {
		if going.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := do(going, entry); err != nil {
				return err
			}
			c.mutex.Lock()
			defer c.mutex.Unlock()
			done.Documents++
			done.Bytes += entry.Size
			c.say(done)
			return nil
		})
	}
	return errors.Join(group.Wait(), ctx.Err())
}

func hashOf(ctx context.Context, in platform.Store, key string) (string, error) {
	stream, err := in.Open(ctx, key)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, stream); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
