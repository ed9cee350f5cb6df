//go:build linux || darwin

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const (
	reconcileInterval = 100 * time.Millisecond
	lockPatience      = time.Second // others hold the lock for a moment when they ask whether it is held
	portInterval      = time.Second
)

// Options are what a runner needs.
type Options struct {
	Dir        string // the runner's folder, see RunnerDir
	Place      string // the project's store as agent containers reach it: "file:<absolute path>"
	Executable string // the mlops binary: it runs pods (`mlops pod`) and agent containers
	Path       string // the PATH on which users' programs are found
	// Port says where the gateway listens; 0 as long as nobody has declared it. It is asked once a second.
	Port  func() int
	Clock func() time.Time // time.Now unless set; cron slots follow it
	Log   hclog.Logger     // for machines
	// Progress takes a line for people whenever something has come about.
	Progress io.Writer
}

// runner supervises the workloads of one folder. All of its state belongs to the goroutine of run.
type runner struct {
	options Options
	folder  folder
	log     hclog.Logger

	documents map[key]*declared
	pods      map[string]*pod
	services  map[string]*serviceState // by UID
	schedules map[string]*scheduleState
	written   map[key]statusDocument

	gateway        *gateway
	gatewayProblem string
	portAsked      time.Time
	wake           chan struct{}
	complaints     map[string]string // by subject, so that what stays wrong is said once
}

// Run supervises until ctx ends and then stops everything in order. It returns an error that names the other process
// where a runner holds the folder already.
func Run(ctx context.Context, options Options) error {
	r, err := newRunner(options)
	if err != nil {
		return err
	}
	lock, err := takeRunnerLock(ctx, r.folder)
	if err != nil {
		return err
	}
	defer lock.release()
	r.log.Info("runner started", "folder", string(r.folder), "pid", os.Getpid())
	if err := r.adopt(); err != nil {
		return err
	}
	ticker := time.NewTicker(reconcileInterval)
	defer ticker.Stop()
	for {
		if !lock.intact() {
			r.stopEverything()
			return fmt.Errorf("stopped: somebody has removed the runner's folder %s", r.folder)
		}
		r.reconcile()
		select {
		case <-ctx.Done():
			r.shutDown()
			return nil
		case <-ticker.C:
		case <-r.wake:
		}
	}
}

func newRunner(options Options) (*runner, error) {
	client, err := New(options.Dir)
	if err != nil {
		return nil, err
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.Log == nil {
		options.Log = hclog.NewNullLogger()
	}
	if options.Progress == nil {
		options.Progress = io.Discard
	}
	gateway := newGateway(options.Log)
	gateway.metrics = metrics{dir: MetricsDir(string(client.folder)), routes: gateway.routes, log: options.Log}
	return &runner{
		options: options, folder: client.folder, log: options.Log,
		documents: map[key]*declared{}, pods: map[string]*pod{}, services: map[string]*serviceState{},
		schedules: map[string]*scheduleState{}, written: map[key]statusDocument{},
		gateway: gateway, wake: make(chan struct{}, 1), complaints: map[string]string{},
	}, nil
}

// takeRunnerLock makes this process the only runner of the folder and says so in the lock's file.
func takeRunnerLock(ctx context.Context, f folder) (*lockFile, error) {
	patient, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	lock, err := waitLock(patient, f.runnerLock())
	if errors.Is(err, errLocked) {
		var other identity
		if readJSON(f.runnerLock(), &other) == nil {
			return nil, fmt.Errorf("`mlops local` runs already, as process %d: stop it with `mlops local stop`", other.PID)
		}
		return nil, errors.New("`mlops local` runs already: stop it with `mlops local stop`")
	}
	if err != nil {
		return nil, err
	}
	own, err := identify(os.Getpid())
	if err == nil {
		err = lock.note(own)
	}
	if err != nil {
		lock.release()
		return nil, err
	}
	return lock, nil
}

// adopt takes over every pod that an earlier runner has left.
func (r *runner) adopt() error {
	if err := os.MkdirAll(r.folder.pods(), 0o755); err != nil {
		return fmt.Errorf("runner folder: %w", err)
	}
	entries, err := os.ReadDir(r.folder.pods())
	if err != nil {
		return fmt.Errorf("runner folder: %w", err)
	}
	for _, entry := range entries {
		dir := r.folder.pod(entry.Name())
		if strings.HasPrefix(entry.Name(), ".") { // it was never finished, so it never ran
			_ = os.RemoveAll(string(dir))
			continue
		}
		p := &pod{dir: dir, seen: r.options.Clock()}
		if err := readJSON(dir.record(), &p.record); err != nil {
			r.complain("pod "+entry.Name(), err)
			continue
		}
		if p.record.Name != entry.Name() || (p.record.service() && p.record.Service == nil) {
			r.complain("pod "+entry.Name(), fmt.Errorf("%w: pod.json is not what a runner wrote", mlops.ErrInvalid))
			continue
		}
		r.pods[p.record.Name] = p
		if err := p.reread(); err != nil {
			r.complain("pod "+entry.Name(), err)
		}
		p.reported = p.status.Phase.done() // its end was told when it came, or is seen in its job's status
		if p.live() && p.begun && p.status.Process.alive() {
			r.log.Info("pod adopted", "pod", p.record.Name, "pid", p.status.Process.PID)
		}
	}
	return nil
}

// reconcile takes one step from what is towards what is wanted.
func (r *runner) reconcile() {
	now := r.options.Clock()
	r.readDocuments()
	for _, p := range r.pods {
		if err := p.refresh(now, r.changed); err != nil {
			r.complain("pod "+p.record.Name, err)
		}
		p.tend(r.changed)
	}
	r.tendGateway(now)
	for key, declared := range r.documents {
		switch key.kind {
		case workload.KindService:
			r.tendService(now, declared.document)
		case workload.KindJob:
			r.tendJob(now, declared.document)
		case workload.KindSchedule:
			r.tendSchedule(now, declared.document)
		}
	}
	r.endUnwanted(now)
	r.prune()
}

// changed asks for a step before the next tick.
func (r *runner) changed() {
	select {
	case r.wake <- struct{}{}:
	default: // one is asked for already
	}
}

// tendGateway listens where the project says, as soon as it says so.
func (r *runner) tendGateway(now time.Time) {
	services := map[string]bool{}
	for k, doc := range r.documents {
		if k.kind == workload.KindService && doc.Manifest.Service != nil && doc.Manifest.Service.Port != "" {
			services[k.name] = true
		} else if k.kind == workload.KindService && doc.broken != nil {
			services[k.name] = true // what ran before the edit goes on
		}
	}
	r.gateway.routes.keep(services)
	if now.Sub(r.portAsked) < portInterval && now.After(r.portAsked) {
		return
	}
	r.portAsked = now
	port := r.options.Port()
	if port == 0 || port == r.gateway.port {
		r.gatewayProblem = ""
		return
	}
	if err := r.gateway.listen(port); err != nil {
		r.gatewayProblem = err.Error()
		r.complain("gateway", err)
		return
	}
	r.gatewayProblem = ""
	r.settledComplaint("gateway")
	r.log.Info("gateway listens", "port", port)
	r.say("services are at http://127.0.0.1:%d/", port)
}

// complain says once what is wrong with something, for as long as it stays wrong in the same way.
func (r *runner) complain(subject string, err error) {
	if r.complaints[subject] == err.Error() {
		return
	}
	r.complaints[subject] = err.Error()
	r.log.Error("problem", "subject", subject, "error", err)
	r.say("%s: %v", subject, err)
}

func (r *runner) settledComplaint(subject string) { delete(r.complaints, subject) }

// say tells people.
func (r *runner) say(format string, values ...any) {
	_, _ = fmt.Fprintf(r.options.Progress, "%s  %s\n", r.options.Clock().Format("15:04:05"), fmt.Sprintf(format, values...))
}

// noun is what people call one workload of a kind.
func noun(kind workload.Kind) string { return strings.TrimSuffix(string(kind), "s") }
