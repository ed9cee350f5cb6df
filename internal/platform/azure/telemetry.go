package azure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/credential"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/telemetry"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/numbered"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// telling is the way of one program of a project to Application Insights. Where to, stands in the project's store, written by
// whoever applies; who one is, in the pod. A program that runs in no pod of the project says nothing.
type telling struct {
	connection *Connection
	of         *opened

	lock     sync.Mutex
	client   *telemetry.Client // nil where nothing is to be told
	number   int64             // of the document that it follows, 0 before the first
	lookedAt time.Time
}

var _ platform.Telemetry = (*telling)(nil)

// telemetryLives is how long what was read of the way is good for.
const telemetryLives = time.Minute

// telemetryOf is the way of a program, nil outside of the project's pods.
func (c *Connection) telemetryOf(of *opened) platform.Telemetry {
	if c.options.Environment(variableCluster) == "" {
		return nil
	}
	return of.telling
}

// Record queues measurements and returns. Without a way it does nothing.
func (t *telling) Record(ctx context.Context, source string, measurements []mlops.Measurement) error {
	client, err := t.way(ctx)
	if client == nil {
		return err
	}
	return errors.Join(err, client.Record(ctx, source, measurements))
}

// Send queues a notification as an event.
func (t *telling) Send(ctx context.Context, notification mlops.Notification, owners []mlops.Owner) error {
	client, err := t.way(ctx)
	if client == nil {
		return err
	}
	return errors.Join(err, client.Send(ctx, notification, owners))
}

// Close sends what waits; whoever records again begins anew.
func (t *telling) Close(ctx context.Context) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.leave(ctx)
}

func (t *telling) leave(ctx context.Context) error {
	client := t.client
	t.client, t.number, t.lookedAt = nil, 0, time.Time{}
	if client == nil {
		return nil
	}
	return client.Close(ctx)
}

// closePatience bounds how long the way before is waited for when another is taken; what it has not sent stays in its queue.
const closePatience = 2 * time.Second

// way is the client of now, nil where nothing is to be told. With an error what was known before is kept.
func (t *telling) way(ctx context.Context) (*telemetry.Client, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	now := t.connection.options.Now()
	if !t.lookedAt.IsZero() && now.Sub(t.lookedAt) < telemetryLives {
		return t.client, nil
	}
	t.lookedAt = now
	var found mlops.Telemetry
	number, err := numbered.Newest(ctx, t.of.store, mlops.TelemetryPrefix, &found)
	if err != nil || number == t.number {
		return t.client, err
	}
	own, err := t.of.spec.get(ctx)
	if err != nil {
		return t.client, err
	}
	closing, cancel := context.WithTimeout(ctx, closePatience)
	defer cancel()
	_ = t.leave(closing) // what is not sent waits in its queue
	t.number, t.lookedAt = number, now
	if found.ConnectionString == "" {
		return nil, nil //nolint:nilnil // nowhere is an answer
	}
	t.client, err = telemetry.New(found.ConnectionString, t.credential(), t.options(own))
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	return t.client, nil
}

// credential is the pod's own identity, nil where it has none: then the key in the connection string does, unless the
// component refuses it.
func (t *telling) credential() azcore.TokenCredential {
	if credential.OfPod(t.connection.options.Environment).UseAKSWorkloadIdentity {
		return t.of.session.credential
	}
	return nil
}

func (t *telling) options(own mlops.Project) telemetry.Options {
	folder := t.connection.options.TelemetryFolder
	if folder == "" {
		folder = filepath.Join(os.TempDir(), "mlops-telemetry") // a volume of the container's own
	}
	host, _ := os.Hostname() // the pod's name; without it nobody knows which replica spoke
	return telemetry.Options{
		Folder: filepath.Join(folder, mlops.PlaceMark(t.of.place)), Instance: host, Version: version.Version, Role: own.Name,
		Dimensions: map[string]string{mlops.LabelProject: own.Name, mlops.LabelPlace: mlops.PlaceMark(t.of.place)},
		Audience:   t.of.session.cloud.MonitorAudience, Client: t.connection.client(), Now: t.connection.options.Now,
	}
}
