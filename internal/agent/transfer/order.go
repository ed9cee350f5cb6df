// Package transfer copies a whole project to another place: every document as it is, byte for byte, in an order in which
// nothing ever names what is not there yet, so that a copy that is killed at any moment goes on where it stopped. The
// project's own spec comes last and makes the copy a project. It must not know which stores it copies between.
package transfer

import (
	"path"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// stage is a step of a copy. What a document names stands in an earlier stage than itself.
type stage int

const (
	stageContent stage = iota // bytes under their hash
	stageRecords              // and whatever else names nothing but content
	stageManifests
	stageLogs // and reports
	stageAround
	stageSpecs
	stageProject
	stageCount
)

var stageNames = [stageCount]string{
	"datasets and artifacts", "records and labels", "manifests", "logs and reports", "requests, alerts and seals", "specs", "the project itself",
}

func (s stage) String() string { return stageNames[s] }

// roots are the stages by the first part of a key. What is not named here, as of a later version, goes with the records.
var roots = map[string]stage{
	"data": stageContent, "collectors": stageManifests, "runs": stageManifests, "logs": stageLogs, "monitors": stageLogs, "reports": stageLogs,
	"snapshots": stageAround, "requests": stageAround, "alerts": stageAround, "audit": stageAround, "specs": stageSpecs,
}

// stageOf is when a document is copied; false: not at all.
func stageOf(key string) (stage, bool) {
	if key == markerKey || strings.HasPrefix(key, project.StandingPrefix) {
		return 0, false
	}
	if strings.HasPrefix(key, "specs/projects/") {
		return stageProject, true
	}
	root, _, _ := strings.Cut(key, "/")
	if root == "datasets" && path.Base(key) == "manifest.json" {
		return stageManifests, true
	}
	if at, known := roots[root]; known {
		return at, true
	}
	return stageRecords, true
}
