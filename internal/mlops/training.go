package mlops

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Training is the code, versioned and reusable: one image with its train, evaluate and serve commands.
type Training struct {
	Name       string            `json:"name"`
	Dataset    string            `json:"dataset"`
	Image      string            `json:"image"`
	Train      JobCommand        `json:"train"`
	Evaluate   JobCommand        `json:"evaluate"`
	Serve      ServeCommand      `json:"serve"`
	Parameters map[string]string `json:"parameters,omitempty"`
	// SourceRevision is given, or the image's tag or digest.
	SourceRevision string    `json:"source_revision"`
	Resources      Resources `json:"resources"`
	// Engine runs the train command; "" is the default one.
	Engine  Engine   `json:"engine,omitempty"`
	AzureML *AzureML `json:"azure_ml,omitempty"`
}

// JobCommand runs once to its end.
type JobCommand struct {
	Command []string `json:"command"`
	Timeout Duration `json:"timeout"`
	// Retries is how often an attempt that was killed or lost is made again; a command that ends with an error is not.
	Retries int64 `json:"retries"`
}

// ServeCommand listens until it is stopped.
type ServeCommand struct {
	Command    []string `json:"command"`
	ScorePath  string   `json:"score_path"`
	HealthPath string   `json:"health_path"`
}

// Resources are requests and limits in Kubernetes' notation ("500m", "512Mi"); empty leaves them to the platform.
type Resources struct {
	CPU    string `json:"cpu,omitempty"`
	Memory string `json:"memory,omitempty"`
}

// Defaults of a training.
const (
	DefaultJobTimeout = Duration(time.Hour)
	DefaultRetries    = 2
	DefaultScorePath  = "/score"
	DefaultHealthPath = "/healthz"
)

// SpecKind is trainings.
func (t Training) SpecKind() Kind { return KindTraining }

// SpecName is the training's name.
func (t Training) SpecName() string { return t.Name }

// Validate checks names, commands and paths.
func (t Training) Validate() []Problem {
	var problems []Problem
	if err := ValidateName(t.Name); err != nil {
		problems = append(problems, problem(err.Error(), "name"))
	}
	if t.Image == "" {
		problems = append(problems, problem("name an image, for example flight-delay:1.0.0", "image"))
	}
	if strings.ContainsFunc(t.Image, unicode.IsSpace) {
		problems = append(problems, problem(fmt.Sprintf("image %q holds a space: write name:tag or name@digest", t.Image), "image"))
	}
	for attribute, command := range map[string][]string{"train": t.Train.Command, "evaluate": t.Evaluate.Command, "serve": t.Serve.Command} {
		if len(command) == 0 || command[0] == "" {
			problems = append(problems, problem("the command is empty: give the program and its arguments", attribute, "command"))
		}
	}
	for attribute, job := range map[string]JobCommand{"train": t.Train, "evaluate": t.Evaluate} {
		if job.Timeout <= 0 {
			problems = append(problems, problem("the timeout must be longer than zero", attribute, "timeout"))
		}
	}
	for attribute, path := range map[string]string{"score_path": t.Serve.ScorePath, "health_path": t.Serve.HealthPath} {
		if !strings.HasPrefix(path, "/") {
			problems = append(problems, problem("a path begins with a slash, for example /score", "serve", attribute))
		}
	}
	return append(problems, t.validateEngine()...)
}

// Revision identifies the code that a run trains with: everything that changes what train, evaluate or serve do.
func (t Training) Revision() string {
	t.Resources, t.Engine, t.AzureML = Resources{}, "", nil // where code runs does not change it
	t.Train.Timeout, t.Evaluate.Timeout, t.Train.Retries, t.Evaluate.Retries = 0, 0, 0, 0
	content, err := json.Marshal(t)
	if err != nil {
		panic("mlops: a training cannot be marshalled: " + err.Error()) // only plain fields: cannot happen
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// ImageRevision is the digest or tag of an image, "latest" where it has neither.
func ImageRevision(image string) string {
	if _, digest, pinned := strings.Cut(image, "@"); pinned {
		return digest
	}
	slash := strings.LastIndexByte(image, '/')
	if colon := strings.LastIndexByte(image, ':'); colon > slash {
		return image[colon+1:]
	}
	return "latest"
}
