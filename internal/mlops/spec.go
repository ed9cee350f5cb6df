package mlops

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Spec is what Terraform declares of one object.
type Spec interface {
	SpecKind() Kind
	SpecName() string
	// Validate returns every broken rule of this spec alone; what needs other objects is checked where they are at hand.
	Validate() []Problem
}

// Problem is a broken rule and the attribute to blame, as a path of attribute names ("columns", "late", "role").
type Problem struct {
	Path    []string
	Message string
}

func problem(message string, path ...string) Problem { return Problem{Path: path, Message: message} }

// below are problems of what stands at a path.
func below(problems []Problem, path ...string) []Problem {
	found := make([]Problem, 0, len(problems))
	for _, one := range problems {
		found = append(found, Problem{Path: append(slices.Clone(path), one.Path...), Message: one.Message})
	}
	return found
}

// SpecSchema marks documents that hold a spec.
const SpecSchema = "mlops/spec/v1"

// SpecDocument is one numbered version of a spec in the store: specs/<kind>/<name>/<seq>.json.
type SpecDocument struct {
	Schema       string    `json:"schema"`
	Writer       string    `json:"writer"` // random, so that a writer recognises its own document after a lost reply
	Kind         Kind      `json:"kind"`
	Name         string    `json:"name"`
	Sequence     int64     `json:"sequence"`
	Incarnation  string    `json:"incarnation"` // one life of a name, from creation to deletion
	Deleted      bool      `json:"deleted,omitempty"`
	Time         time.Time `json:"time"`
	AgentVersion string    `json:"agent_version,omitempty"`
	// ContentSHA256 is the hash of Content; another hash means that somebody edited the document by hand.
	ContentSHA256 string          `json:"content_sha256,omitempty"`
	Content       json.RawMessage `json:"content,omitempty"`
}

// Intact says whether the content still is what was written.
func (d SpecDocument) Intact() bool { return d.Deleted || ContentHash(d.Content) == d.ContentSHA256 }

// Decode reads the content into a spec of the right kind and name.
func (d SpecDocument) Decode() (Spec, error) {
	var spec Spec
	switch d.Kind {
	case KindProject:
		spec = &Project{}
	case KindDataset:
		spec = &Dataset{}
	case KindTraining:
		spec = &Training{}
	case KindModel:
		spec = &Model{}
	case KindDeployment:
		spec = &Deployment{}
	case KindDriftMonitor:
		spec = &DriftMonitor{}
	case KindRetrainPolicy:
		spec = &RetrainPolicy{}
	default:
		return nil, fmt.Errorf("%w: spec %s/%s: unknown kind", ErrInvalid, d.Kind, d.Name)
	}
	if err := json.Unmarshal(d.Content, spec); err != nil {
		return nil, fmt.Errorf("spec %s/%s number %d: %w", d.Kind, d.Name, d.Sequence, err)
	}
	if spec.SpecName() != d.Name {
		return nil, fmt.Errorf("%w: spec %s/%s number %d: its content is of %q", ErrInvalid, d.Kind, d.Name, d.Sequence, spec.SpecName())
	}
	return spec, nil
}

// ContentHash is the SHA-256, in hex, of a document's content after white space has been taken out.
func ContentHash(content json.RawMessage) string {
	var compact any
	if err := json.Unmarshal(content, &compact); err == nil {
		if canonical, err := json.Marshal(compact); err == nil {
			content = canonical
		}
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
