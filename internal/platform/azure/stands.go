package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/access"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/numbered"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
)

// stand is a place in a cluster where a project has something of its own, declared still or left.
type stand struct {
	Name       string             `json:"name"` // of the cluster, in the declaration that made it
	Cluster    mlops.AzureCluster `json:"cluster"`
	NamePrefix string             `json:"name_prefix,omitempty"`
	// UID is that of the cluster's namespace kube-system, "" where nobody may read it: under one ARM ID may stand one cluster
	// after another.
	UID string `json:"uid,omitempty"`
	// Federated are the credentials that were made for service accounts there.
	Federated []access.Federated `json:"federated,omitempty"`
}

// sameCluster says whether two stands are in one cluster, by its UID where that is known of both.
func (s stand) sameCluster(other stand) bool {
	if s.UID != "" && other.UID != "" {
		return s.UID == other.UID
	}
	return s.Cluster.Same(other.Cluster)
}

func (s stand) sameNamespace(other stand) bool {
	return s.sameCluster(other) && s.Cluster.Namespace == other.Cluster.Namespace
}

func (s stand) same(other stand) bool {
	return s.sameNamespace(other) && s.NamePrefix == other.NamePrefix
}

// place says where a stand is, for people.
func (s stand) place() string {
	at := s.Cluster.ID
	if at == "" {
		at = s.Cluster.Host
	}
	return fmt.Sprintf("namespace %s of %s", s.Cluster.Namespace, at)
}

// of is the project as it was declared there.
func (s stand) of(own mlops.Project) mlops.Project {
	azure := *own.Azure
	azure.Clusters, azure.NamePrefix = map[string]mlops.AzureCluster{s.Name: s.Cluster}, s.NamePrefix
	own.Azure = &azure
	return own
}

// standsSchema marks the numbered documents that list a project's stands: what was begun and not ended is found again.
const (
	standsSchema = "mlops/stands/v1"
	standsPrefix = project.StandingPrefix + "clusters/"
)

type standsDocument struct {
	Schema   string    `json:"schema"`
	Writer   string    `json:"writer"`
	Sequence int64     `json:"sequence"`
	Time     time.Time `json:"time"`
	Stands   []stand   `json:"stands"`
}

// stands is the list of a project, read from its store and kept for a while.
type stands struct {
	store *blob.Store
	now   func() time.Time

	lock   sync.Mutex
	last   *standsDocument
	readAt time.Time
}

func (s *stands) get(ctx context.Context) ([]stand, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	found, err := s.newest(ctx)
	return slices.Clone(found.Stands), err
}

// newest is called with the lock held.
func (s *stands) newest(ctx context.Context) (standsDocument, error) {
	if s.last != nil && s.now().Sub(s.readAt) < specLives {
		return *s.last, nil
	}
	var found standsDocument
	if _, err := numbered.Newest(ctx, s.store, standsPrefix, &found); err != nil && !errors.Is(err, mlops.ErrNotFound) { // of the container
		return found, fmt.Errorf("where the project stands: %w", err)
	}
	s.last, s.readAt = &found, s.now()
	return found, nil
}

// change writes the list that a function makes of the newest one, if that is another.
func (s *stands) change(ctx context.Context, edit func([]stand) []stand) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	for {
		s.last = nil
		before, err := s.newest(ctx)
		if err != nil {
			return err
		}
		next := standsDocument{Schema: standsSchema, Writer: project.NewWriter(), Sequence: before.Sequence + 1, Time: s.now().UTC(), Stands: edit(slices.Clone(before.Stands))}
		was, errWas := json.Marshal(before.Stands)
		is, errIs := json.Marshal(next.Stands)
		if err := errors.Join(errWas, errIs); err != nil || string(was) == string(is) {
			return err
		}
		data, err := json.MarshalIndent(next, "", "  ")
		if err != nil {
			return err
		}
		err = eventlog.CreateOnce(ctx, s.store, numbered.Key(standsPrefix, next.Sequence), data, next.Writer)
		if errors.Is(err, mlops.ErrConflict) {
			continue // somebody else has changed it meanwhile
		}
		if err != nil {
			return fmt.Errorf("where the project stands: %w", err)
		}
		s.last, s.readAt = &next, s.now()
		return nil
	}
}
