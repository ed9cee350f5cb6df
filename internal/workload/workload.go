package workload

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Kind is what sort of workload a manifest declares.
type Kind string

// The kinds of workloads.
const (
	KindService  Kind = "services"
	KindJob      Kind = "jobs"
	KindSchedule Kind = "schedules"
)

// Kinds lists every kind once.
var Kinds = []Kind{KindService, KindJob, KindSchedule}

// Placeholders stand in arguments and environment values of containers; the platform puts its own values in.
const (
	// SharedDir is a folder that all containers of one pod see, empty when the pod starts.
	SharedDir = "$(SHARED_DIR)"
	// StateDir is a folder of the service that outlives its containers. On one machine, and in a cluster where the service
	// names a claim, it outlives its pods too: all of them see it, one after another and at once. Without a claim each pod of
	// a cluster has its own, and it goes with the pod. On one machine it goes once the service is deleted and the folder holds
	// no file any more; what is on a claim stays. A job has none.
	StateDir = "$(STATE_DIR)"
	// Place is the project's store as an agent container reaches it ("file:/srv/flights/.mlops").
	Place = "$(PLACE)"
	// Instance is the name of the pod, unique for ever.
	Instance = "$(INSTANCE)"
	// ListenHost is the address to listen on for what comes from outside the pod; what only the pod itself may reach
	// listens on 127.0.0.1.
	ListenHost = "$(LISTEN_HOST)"
)

// PortOf is the placeholder of a named port of the pod. A pod's ports are those that its containers list.
func PortOf(name string) string { return "$(PORT_" + name + ")" }

// Container is one program of a pod.
type Container struct {
	Name string `json:"name"`
	// Agent containers run our own binary and may reach the store; Command then holds its arguments ("collect", ...).
	// Every other container is the user's: it gets no identity, no store and no credentials.
	Agent bool   `json:"agent,omitempty"`
	Image string `json:"image,omitempty"`
	// Digest is what the image was when it was used before ("sha256:..."), "" where that is not known: it runs that one,
	// whatever its tag names by now. On one machine the program that is found by the name runs.
	Digest  string   `json:"digest,omitempty"`
	Command []string `json:"command"`
	// Env is the whole environment that the contract promises; the platform adds PATH, HOME and the like.
	Env map[string]string `json:"env,omitempty"`
	// Leave are arguments of an agent container's program, run beside it as soon as the pod is told to go and before any
	// container is stopped, where the platform cannot take a pod out of the traffic at once.
	Leave []string `json:"leave,omitempty"`
	// Ports are names of TCP ports that this container listens on.
	Ports     []string        `json:"ports,omitempty"`
	Resources mlops.Resources `json:"resources"`
}

// Pod is a set of containers that live and die together.
type Pod struct {
	// Init containers run one after another; each must exit 0.
	Init []Container `json:"init,omitempty"`
	// Containers run together. In a service none may exit; in a job all must exit 0.
	Containers []Container `json:"containers"`
	// GracePeriod is how long containers may take to stop after SIGTERM. They are stopped last to first.
	GracePeriod mlops.Duration `json:"grace_period"`
}

// Service keeps replicas of a pod running behind one stable address.
type Service struct {
	Replicas    int64              `json:"replicas"`
	Autoscaling *mlops.Autoscaling `json:"autoscaling,omitempty"`
	Pod         Pod                `json:"pod"`
	// Port is the named port that takes traffic; "" has no address (the controller).
	Port string `json:"port,omitempty"`
	// HealthPath answers 200 on HealthPort when the pod is ready and alive; "" means ready once started.
	HealthPath string `json:"health_path,omitempty"`
	HealthPort string `json:"health_port,omitempty"`
	// State bounds the folder that StateDir stands for, and says where a cluster keeps it.
	State State `json:"state,omitzero"`
	// Version of the model that the pod serves, 0 where there is none.
	Version int64 `json:"version,omitempty"`
	// ReadyTimeout is how long a new replica may take to become ready before its roll-out counts as failed.
	ReadyTimeout mlops.Duration `json:"ready_timeout"`
}

// State is what a service needs of its StateDir.
type State struct {
	// Bytes that it takes at most for each pod, 0 where nobody says; a pod that takes more is not kept where the folder is its own.
	Bytes int64 `json:"bytes,omitempty"`
	// Claim names the volume claim of a cluster's namespace that holds it, "" for a folder of each pod.
	Claim string `json:"claim,omitempty"`
}

// Job runs a pod once. It is never made again by the platform: attempts belong to the model's log.
type Job struct {
	Pod     Pod            `json:"pod"`
	Timeout mlops.Duration `json:"timeout"`
}

// Schedule runs a job at every slot of a cron; a slot whose predecessor still runs is left out.
type Schedule struct {
	Cron     string `json:"cron"`
	TimeZone string `json:"time_zone"`
	Job      Job    `json:"job"`
}

// Manifest is a workload as it was declared. Exactly one of Service, Job and Schedule is set, as Kind says.
type Manifest struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	// Owner is the object that it was rendered from: "deployments/flight-delay", "models/flight-delay", "projects/flights".
	Owner string `json:"owner"`
	// Cluster is the short name of the project's cluster that runs it, "" for the default one; one machine has none.
	Cluster     string    `json:"cluster,omitempty"`
	Incarnation string    `json:"incarnation,omitempty"` // of the owner
	Service     *Service  `json:"service,omitempty"`
	Job         *Job      `json:"job,omitempty"`
	Schedule    *Schedule `json:"schedule,omitempty"`
	// LogSequence and SpecSequence are what the writer had seen; a writer that has seen less never overwrites one that
	// has seen more.
	LogSequence  int64 `json:"log_sequence"`
	SpecSequence int64 `json:"spec_sequence"`
}

// Hash identifies what the manifest makes run: all of it but the sequences.
func (m Manifest) Hash() string {
	m.LogSequence, m.SpecSequence = 0, 0
	content, err := json.Marshal(m)
	if err != nil {
		panic("workload: a manifest cannot be marshalled: " + err.Error()) // only plain fields: cannot happen
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Phase is where a job is in its one life.
type Phase string

// The phases of a job.
const (
	PhasePending   Phase = "pending"
	PhaseRunning   Phase = "running"
	PhaseSucceeded Phase = "succeeded"
	PhaseFailed    Phase = "failed"
)

// Done says whether the job is over.
func (p Phase) Done() bool { return p == PhaseSucceeded || p == PhaseFailed }

// Live is a workload as the platform sees it.
type Live struct {
	Manifest Manifest `json:"manifest"`
	// Revision changes with every write; Apply and Delete send the one they have read.
	Revision string `json:"revision"`
	// AppliedHash is Manifest.Hash at the last write through Apply; another hash of Manifest now means a hand edit.
	AppliedHash string `json:"applied_hash"`
	Status      Status `json:"status"`
}

// InSync says that nobody has changed the manifest by hand.
func (l Live) InSync() bool { return l.Manifest.Hash() == l.AppliedHash }

// Status is what the platform observed.
type Status struct {
	// ObservedHash is the Manifest.Hash that this status is about: older than the manifest's own while a change is rolled out.
	ObservedHash string    `json:"observed_hash"`
	Time         time.Time `json:"time"`
	// Services: replicas of the wanted manifest that are ready, of any that are ready, and what stands in the way.
	UpdatedReady int64     `json:"updated_ready"`
	Ready        int64     `json:"ready"`
	Versions     []int64   `json:"versions,omitempty"` // model versions of the ready replicas
	Replicas     []Replica `json:"replicas,omitempty"`
	Message      string    `json:"message,omitempty"`
	LogTail      string    `json:"log_tail,omitempty"` // of the last replica that failed
	// Jobs.
	Phase    Phase     `json:"phase,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	// Failed container, exit code (-1 for killed or lost, timed out says so in Message) and the end of its log.
	Failed   string `json:"failed,omitempty"`
	ExitCode int64  `json:"exit_code,omitempty"`
	TimedOut bool   `json:"timed_out,omitempty"`
	// Digests of the images that ran, by container; locally the SHA-256 of the program's file.
	Digests map[string]string `json:"digests,omitempty"`
	// Schedules: the last slot that was started.
	LastSlot time.Time `json:"last_slot,omitzero"`
}

// Replica is one pod of a service.
type Replica struct {
	Name     string    `json:"name"`
	PID      int64     `json:"pid"`
	Version  int64     `json:"version"`
	Ready    bool      `json:"ready"`
	Updated  bool      `json:"updated"`
	Restarts int64     `json:"restarts"`
	Started  time.Time `json:"started"`
}

// RolledOut says that the service runs what its manifest wants, in full, and nothing else.
func (l Live) RolledOut() bool {
	return l.Manifest.Service != nil && l.Status.ObservedHash == l.Manifest.Hash() &&
		l.Status.UpdatedReady >= l.Manifest.Service.Replicas && l.Status.Ready == l.Status.UpdatedReady
}
