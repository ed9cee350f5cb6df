// Package platform says what a platform offers a project: a store, workloads and notifications. Everything above it
// (services, agent) is written against these interfaces; platform/local and, later, platform/azure wire them. It must
// not know which platform it is on.
package platform

import (
	"context"
	"fmt"
	"io"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Store is an append-only set of documents. Keys are made of [a-z0-9._/-]. "Create if absent" is the only lock there is.
type Store interface {
	// Read returns a whole document; mlops.ErrNotFound where there is none.
	Read(ctx context.Context, key string) ([]byte, error)
	// Create writes a document that does not exist yet, durably and at once or not at all; mlops.ErrExists where it does.
	// After another error the document may or may not be there: read it back and look at its writer.
	Create(ctx context.Context, key string, data []byte) error
	// List returns at most limit keys (0: all) below a prefix that sort after a key, in lexical order.
	List(ctx context.Context, prefix, after string, limit int) ([]Entry, error)
	// Delete is for retention only; deleting what is not there is no error.
	Delete(ctx context.Context, key string) error
	// Open streams a large document; mlops.ErrNotFound where there is none.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// CreateFrom streams a large document in, as Create does.
	CreateFrom(ctx context.Context, key string, data io.Reader) error
}

// Entry is one document of a listing.
type Entry struct {
	Key  string
	Size int64
	// Tag is another one wherever the document is, also where somebody has put another of the same size in its place.
	Tag string
}

// ErrNowhere says that a project has nowhere to run workloads, or that whoever asks is not the one who makes them run: there
// is nothing, and nothing is missing.
var ErrNowhere = fmt.Errorf("nowhere to run: %w", mlops.ErrNotFound)

// Workloads are what the platform runs for a project.
type Workloads interface {
	// Apply declares a workload. revision is the one that was read ("" for a new one); mlops.ErrConflict where it has
	// changed since, or where the live manifest has seen a higher log or spec sequence.
	Apply(ctx context.Context, manifest workload.Manifest, revision string) (workload.Live, error)
	// Get is mlops.ErrNotFound where nothing of that name is declared, and ErrNowhere where nothing can be.
	Get(ctx context.Context, kind workload.Kind, name string) (workload.Live, error)
	// List returns all of a kind in order of name.
	List(ctx context.Context, kind workload.Kind) ([]workload.Live, error)
	// Delete stops and removes; what is not there is no error. A non-empty incarnation that differs from the live one
	// leaves it alone.
	Delete(ctx context.Context, kind workload.Kind, name, incarnation string) error
	// Logs copies what a workload wrote, oldest first, each line marked with replica and container; follow goes on until
	// ctx ends.
	Logs(ctx context.Context, kind workload.Kind, name string, follow bool, to io.Writer) error
	// Running says whether somebody is there to run what is declared, and if not, what to do ("start mlops local").
	Running(ctx context.Context) (bool, string)
	// Endpoint is the stable address of a service, known before anything runs.
	Endpoint(project mlops.Project, deployment mlops.Deployment) string
}

// Notifier tells owners. Send is called once for each notification that could be recorded first; it may be called again
// after a crash, and a receiver sees the notification's key.
type Notifier interface {
	Send(ctx context.Context, notification mlops.Notification, owners []mlops.Owner) error
}

// Telemetry takes numbers for machines. It is a view, not a memory: what it holds can be found again in the project.
type Telemetry interface {
	// Record replaces all that a source has said before, so that what is gone does not linger; nothing replaces it too. A
	// source is one writer: "control", "drift-<monitor>".
	Record(ctx context.Context, source string, measurements []mlops.Measurement) error
	// Close sends what waits, as long as ctx lasts. What cannot be sent is no error.
	Close(ctx context.Context) error
}

// Platform is everything that one project needs.
type Platform struct {
	Place     string // "file:<path>" as given, or the ARM ID of a container
	Store     Store
	Workloads Workloads
	Notifier  Notifier
	Telemetry Telemetry // nil where nobody listens: use Measure
	Alerts    Alerts    // nil where the controller alone tells owners
	Ground    Ground    // nil where a project stands on nothing of its own: one machine
	Hosted    Hosted    // nil where no service runs jobs outside of the project's clusters
	Inbox     *Inbox    // nil where requests stand in the store and who asks is taken on trust
	Seals     Store     // of audit heads, where they have a store of their own; nil: in Store
}

// Ground is what a project stands on beside its documents and workloads: containers, namespaces, identities, rules. All of
// it can be repeated, and goes on where it was interrupted.
type Ground interface {
	// Prepare makes what must be there before anything of the project can be written.
	Prepare(ctx context.Context, project mlops.Project) error
	// Settle makes all else. It returns, in sentences, what is left to a person to do, and what has no effect yet.
	Settle(ctx context.Context, project mlops.Project) (left []string, err error)
	// Settled says, with read rights only, whether all of it is there and as it was made.
	Settled(ctx context.Context, project mlops.Project) (bool, error)
	// Leave removes workloads from where they ran before, once they run where they are wanted, and what else the project had
	// in a place that it has left. It returns, in sentences, what must stay for now.
	Leave(ctx context.Context) (left []string, err error)
	// Manifests are what installs the controller of a project where Terraform cannot reach its cluster.
	Manifests(ctx context.Context, project mlops.Project, control workload.Manifest) ([]byte, error)
	// Clear removes what was made for the project, and its history where on_destroy says so; what belongs to others stays.
	// It returns, in sentences, what could not go and until when. mlops.ErrNotFound says that the project's memory is gone too,
	// and with it all that could still be written of its end.
	Clear(ctx context.Context, project mlops.Project) (left []string, err error)
}

// Hosted is a service that runs a user's command outside of the project's clusters.
type Hosted interface {
	// Run has a job run to its end, from an input folder to an output folder, and says what happens on the way. A job of that
	// name that is there already is waited for. When ctx ends the job is cancelled. A command that ended with an error, and a job
	// that somebody cancelled, are errors that say where to read more.
	Run(ctx context.Context, job workload.HostedJob, input, output string, say func(string)) error
}

// Alerts are rules that a platform keeps watching by itself. They follow from all that a project declares: one rule may be
// about several objects.
type Alerts interface {
	// Settle makes the rules follow what is declared now.
	Settle(ctx context.Context) error
	// Settled says, with read rights only, whether those about an object ("drift_monitors/delay") are there as they were made.
	Settled(ctx context.Context, object string) (bool, error)
}

// Inbox is where people and machines leave requests, each below a folder named by their own object id that nobody else can
// write. The platform enforces that; so what stands there is theirs.
type Inbox struct {
	Store Store
	// Self is the object id of whoever runs this program.
	Self func(ctx context.Context) (string, error)
	// Groups are object ids of groups below which whoever runs this program may be able to write, too; nil: none.
	Groups func(ctx context.Context) ([]string, error)
}

// Folders are the object ids below which to try to leave a request: one's own first.
func (i *Inbox) Folders(ctx context.Context) ([]string, error) {
	self, err := i.Self(ctx)
	if err != nil || i.Groups == nil {
		return []string{self}, err
	}
	groups, err := i.Groups(ctx)
	return append([]string{self}, groups...), err
}

// Measure records measurements where somebody listens.
func (p Platform) Measure(ctx context.Context, source string, measurements []mlops.Measurement) error {
	if p.Telemetry == nil {
		return nil
	}
	return p.Telemetry.Record(ctx, source, measurements)
}

// CloseTelemetry ends what records measurements, where somebody listens.
func (p Platform) CloseTelemetry(ctx context.Context) error {
	if p.Telemetry == nil {
		return nil
	}
	return p.Telemetry.Close(ctx)
}
