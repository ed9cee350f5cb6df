package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/numbered"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// StandingPrefix begins the keys of what is true of the place of a project alone, such as where it stands in clusters and what
// its controller sees there: none of it goes along when the project is copied.
const StandingPrefix = "standing/"

const (
	observedPrefix   = StandingPrefix + "observed/"
	controllerPrefix = StandingPrefix + "controller/"

	observedSchema   = "mlops/observed/v1"
	controllerSchema = "mlops/controller-seen/v1"
)

// Observed is what a controller has seen of one workload, for those who cannot look into its cluster.
type Observed struct {
	Schema   string        `json:"schema"`
	Writer   string        `json:"writer"`
	Sequence int64         `json:"sequence"`
	Time     time.Time     `json:"time"`
	Gone     bool          `json:"gone,omitempty"`
	Live     workload.Live `json:"live"`
}

// Seen is a sign of life of a controller.
type Seen struct {
	Schema   string    `json:"schema"`
	Writer   string    `json:"writer"`
	Sequence int64     `json:"sequence"`
	Time     time.Time `json:"time"`
	Version  string    `json:"version"`
}

func observedKey(kind workload.Kind, name string) string {
	return observedPrefix + string(kind) + "/" + name + "/"
}

// Observe writes what is seen of a workload; gone says that it is no more. Another controller that writes at the same time has
// seen as much.
func (p *Project) Observe(ctx context.Context, live workload.Live, gone bool) error {
	return p.note(ctx, observedKey(live.Manifest.Kind, live.Manifest.Name), func(sequence int64, writer string) any {
		return Observed{Schema: observedSchema, Writer: writer, Sequence: sequence, Time: p.Now(), Gone: gone, Live: live}
	})
}

// SeenControlling writes a sign of life.
func (p *Project) SeenControlling(ctx context.Context) error {
	return p.note(ctx, controllerPrefix, func(sequence int64, writer string) any {
		return Seen{Schema: controllerSchema, Writer: writer, Sequence: sequence, Time: p.Now(), Version: p.AgentVersion}
	})
}

// note writes the next number below a prefix. Numbers but the last two are of no use to anybody and go.
func (p *Project) note(ctx context.Context, prefix string, document func(sequence int64, writer string) any) error {
	numbers, err := numbered.Numbers(ctx, p.Store, prefix)
	if err != nil {
		return err
	}
	next := int64(1)
	if len(numbers) > 0 {
		next = numbers[len(numbers)-1] + 1
	}
	writer := p.NewWriter()
	data, err := json.MarshalIndent(document(next, writer), "", "  ")
	if err != nil {
		return err
	}
	if err := eventlog.CreateOnce(ctx, p.Store, numbered.Key(prefix, next), data, writer); err != nil && !errors.Is(err, mlops.ErrConflict) {
		return err
	}
	for _, old := range numbers {
		if old < next-1 {
			if err := p.Store.Delete(ctx, numbered.Key(prefix, old)); err != nil {
				return err
			}
		}
	}
	return nil
}

// newestOf reads the newest number below a prefix; mlops.ErrNotFound where there is none.
func (p *Project) newestOf(ctx context.Context, prefix string, into any) error {
	number, err := numbered.Newest(ctx, p.Store, prefix, into)
	if err == nil && number == 0 {
		err = fmt.Errorf("%s: %w", prefix, mlops.ErrNotFound)
	}
	return err
}

// Observed is what was seen last of a workload; mlops.ErrNotFound where it is not there.
func (p *Project) Observed(ctx context.Context, kind workload.Kind, name string) (Observed, error) {
	var found Observed
	err := p.newestOf(ctx, observedKey(kind, name), &found)
	if err == nil && found.Gone {
		err = mlops.ErrNotFound
	}
	if err != nil {
		return found, fmt.Errorf("workload %s/%s: %w", kind, name, err)
	}
	return found, nil
}

// AllObserved are those of a kind, in order of name.
func (p *Project) AllObserved(ctx context.Context, kind workload.Kind) ([]Observed, error) {
	prefix := observedPrefix + string(kind) + "/"
	entries, err := p.Store.List(ctx, prefix, "", 0)
	if err != nil {
		return nil, err
	}
	var all []Observed
	last := ""
	for _, entry := range entries {
		name := path.Dir(strings.TrimPrefix(entry.Key, prefix))
		if name == last {
			continue
		}
		last = name
		found, err := p.Observed(ctx, kind, name)
		if errors.Is(err, mlops.ErrNotFound) {
			continue
		}
		if err != nil {
			return all, err
		}
		all = append(all, found)
	}
	return all, nil
}

// ControllerSeen is the last sign of life of a controller; mlops.ErrNotFound before the first.
func (p *Project) ControllerSeen(ctx context.Context) (Seen, error) {
	var found Seen
	err := p.newestOf(ctx, controllerPrefix, &found)
	return found, err
}
