package mlops

import "time"

// World is what a decision looks at beside the log: what is declared, published, asked for and running, at one moment.
// It is a value; whoever makes it has read it from store and platform.
type World struct {
	Now time.Time
	// Model is nil where it is not declared, or not any more. Incarnation is the life of its name.
	Model       *Model
	Incarnation string
	Training    *Training
	Policy      RetrainPolicy
	PolicySince time.Time // when the policy was declared: slots before it are nobody's
	Owners      map[Role]Owner
	Requesters  map[string]Requester // who else may ask, by short name
	Self        string               // object id of the controller, "" where nobody is verified
	Deployments []Deployment         // of the model
	// Versions are the published versions of the training's dataset that are not retired, in order of their number.
	Versions []DatasetManifest
	// Episodes are the open ones of every monitor that watches a deployment of the model.
	Episodes []Episode
	// Requests to the model that stand in the inbox, oldest first.
	Requests []Request
	// Jobs and Outputs of open runs by JobName; a job that is not there yet is absent.
	Jobs    map[string]JobStatus
	Outputs map[string]StepOutput
	// Judgements by run, of runs whose evaluations are all there.
	Judgements map[string]Judgement
	// Serving says, by deployment, what the platform runs; a deployment that does not run is absent.
	Serving map[string]ServingStatus
}

// JobStatus is how far a job is.
type JobStatus struct {
	Done     bool
	ExitCode int64 // -1 where it was killed or lost
	TimedOut bool
	Failed   string // the container that failed
	Message  string
	LogTail  string
	Digests  map[string]string // of the images that ran, by container
}

// Lost says that the job was killed or lost, which says nothing about its code: another attempt may succeed.
func (s JobStatus) Lost() bool { return s.Done && s.ExitCode == -1 && !s.TimedOut }

// ServingStatus is how far the roll-out of a deployment is.
type ServingStatus struct {
	Version int64 // that is wanted of the platform
	// RolledOutSince is since when every replica has been ready with Version, zero where they are not.
	RolledOutSince time.Time
	Message        string
	LogTail        string
}

// Newest is the newest dataset version, or false where none is published.
func (w World) Newest() (DatasetManifest, bool) {
	if len(w.Versions) == 0 {
		return DatasetManifest{}, false
	}
	return w.Versions[len(w.Versions)-1], true
}

// newerThan says whether there is data that a version has not learned from.
func (w World) newerThan(version ModelVersion) bool {
	newest, ok := w.Newest()
	return ok && (newest.Dataset != version.Inputs.Dataset || newest.Number > version.Inputs.DatasetVersion)
}

// newRows counts rows published since a version's data.
func (w World) newRows(version ModelVersion) int64 {
	var rows int64
	for _, manifest := range w.Versions {
		if manifest.Dataset != version.Inputs.Dataset || manifest.Number > version.Inputs.DatasetVersion {
			rows += manifest.Rows
		}
	}
	return rows
}

// following are the deployments that a move of an alias rolls.
func (w World) following(alias string) []Deployment {
	var following []Deployment
	for _, deployment := range w.Deployments {
		if deployment.Version == nil && deployment.Alias == alias {
			following = append(following, deployment)
		}
	}
	return following
}
