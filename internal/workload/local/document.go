package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const documentSchema = "mlops/local-workload/v1"

// document is one wanted workload as it lies in the folder.
type document struct {
	Schema string `json:"schema"`
	// UID names one life of a workload: a name that is deleted and made again gets another.
	UID         string            `json:"uid"`
	Written     int64             `json:"written"` // how often
	Created     time.Time         `json:"created"`
	Incarnation string            `json:"incarnation,omitempty"`
	AppliedHash string            `json:"applied_hash"`
	Manifest    workload.Manifest `json:"manifest"`

	revision string // of these very bytes, so that a hand edit changes it too
	broken   error  // why it cannot be run: a hand edit made it so
}

// statusDocument is what was observed of one life of a workload.
type statusDocument struct {
	UID    string          `json:"uid"`
	Status workload.Status `json:"status"`
}

// readDocument reads a wanted workload; mlops.ErrNotFound where there is none. One that a hand edit has spoilt is returned
// as broken, so that it shows as changed and an apply repairs it.
func (f folder) readDocument(kind workload.Kind, name string) (document, error) {
	content, err := os.ReadFile(f.workload(kind, name))
	if errors.Is(err, fs.ErrNotExist) {
		return document{}, fmt.Errorf("workload %s/%s: %w", kind, name, mlops.ErrNotFound)
	}
	if err != nil {
		return document{}, fmt.Errorf("workload %s/%s: %w", kind, name, err)
	}
	return decodeDocument(kind, name, content), nil
}

func decodeDocument(kind workload.Kind, name string, content []byte) document {
	var doc document
	err := json.Unmarshal(content, &doc)
	if err == nil && (doc.Manifest.Kind != kind || doc.Manifest.Name != name) {
		err = fmt.Errorf("%w: it names %s/%s", mlops.ErrInvalid, doc.Manifest.Kind, doc.Manifest.Name)
	}
	if err != nil {
		doc.AppliedHash, doc.Manifest = "", workload.Manifest{Kind: kind, Name: name}
	} else {
		err = check(doc.Manifest)
	}
	if err != nil {
		doc.broken = fmt.Errorf("workload %s/%s was edited by hand and cannot be run; apply again to repair it: %w", kind, name, err)
	}
	sum := sha256.Sum256(content)
	doc.revision = strconv.FormatInt(doc.Written, 10) + "-" + hex.EncodeToString(sum[:6])
	return doc
}

var workloadName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,150}[a-z0-9])?$`)

// checkName keeps names inside their folder.
func checkName(kind workload.Kind, name string) error {
	if !slices.Contains(workload.Kinds, kind) {
		return fmt.Errorf("%w: workload kind %q is not one of %v", mlops.ErrInvalid, kind, workload.Kinds)
	}
	if !workloadName.MatchString(name) {
		return fmt.Errorf("%w: workload name %q: use lower-case letters, digits and hyphens", mlops.ErrInvalid, name)
	}
	return nil
}

// check refuses what no runner could run.
func check(manifest workload.Manifest) error {
	if err := checkName(manifest.Kind, manifest.Name); err != nil {
		return err
	}
	switch {
	case manifest.Kind == workload.KindService && manifest.Service != nil:
		return checkService(*manifest.Service)
	case manifest.Kind == workload.KindJob && manifest.Job != nil:
		return checkPod(manifest.Job.Pod)
	case manifest.Kind == workload.KindSchedule && manifest.Schedule != nil:
		if _, err := mlops.ParseSchedule(manifest.Schedule.Cron, manifest.Schedule.TimeZone); err != nil {
			return err
		}
		return checkPod(manifest.Schedule.Job.Pod)
	default:
		return fmt.Errorf("%w: a manifest of kind %s does not say what to run", mlops.ErrInvalid, manifest.Kind)
	}
}

func checkService(service workload.Service) error {
	if service.Replicas < 0 || service.Replicas > 1000 {
		return fmt.Errorf("%w: replicas %d: choose 0 to 1000", mlops.ErrInvalid, service.Replicas)
	}
	ports := portNames(service.Pod)
	if service.Port != "" && !slices.Contains(ports, service.Port) {
		return fmt.Errorf("%w: no container lists the port %q; there are %v", mlops.ErrInvalid, service.Port, ports)
	}
	if service.HealthPath != "" && !slices.Contains(ports, service.HealthPort) {
		return fmt.Errorf("%w: no container lists the health port %q; there are %v", mlops.ErrInvalid, service.HealthPort, ports)
	}
	return checkPod(service.Pod)
}

func checkPod(pod workload.Pod) error {
	if len(pod.Containers) == 0 {
		return fmt.Errorf("%w: a pod has no containers", mlops.ErrInvalid)
	}
	seen := map[string]bool{}
	for _, container := range slices.Concat(pod.Init, pod.Containers) {
		switch {
		case !workloadName.MatchString(container.Name):
			return fmt.Errorf("%w: container name %q: use lower-case letters, digits and hyphens", mlops.ErrInvalid, container.Name)
		case seen[container.Name]:
			return fmt.Errorf("%w: two containers are named %q", mlops.ErrInvalid, container.Name)
		case len(container.Command) == 0 || container.Command[0] == "":
			return fmt.Errorf("%w: container %q has no command", mlops.ErrInvalid, container.Name)
		}
		seen[container.Name] = true
	}
	return nil
}

// portNames lists the named ports of a pod.
func portNames(pod workload.Pod) []string {
	var names []string
	for _, container := range slices.Concat(pod.Init, pod.Containers) {
		for _, name := range container.Ports {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
