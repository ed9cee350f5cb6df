package mlops

import (
	"fmt"
	"regexp"
	"strings"
)

// Kind is the plural noun of a declared object; it is a folder of the store and a part of every id.
type Kind string

// The kinds, in the order in which they depend on each other.
const (
	KindProject        Kind = "projects"
	KindDataset        Kind = "datasets"
	KindDatasetVersion Kind = "dataset_versions"
	KindTraining       Kind = "trainings"
	KindModel          Kind = "models"
	KindDeployment     Kind = "deployments"
	KindDriftMonitor   Kind = "drift_monitors"
	KindRetrainPolicy  Kind = "retrain_policies"
)

// Kinds lists every kind once.
var Kinds = []Kind{
	KindProject, KindDataset, KindDatasetVersion, KindTraining, KindModel, KindDeployment, KindDriftMonitor, KindRetrainPolicy,
}

// Noun is one object of the kind in words: "drift monitor".
func (k Kind) Noun() string {
	noun := strings.ReplaceAll(string(k), "_", " ")
	if stem, ok := strings.CutSuffix(noun, "ies"); ok {
		return stem + "y"
	}
	return strings.TrimSuffix(noun, "s")
}

var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)

// MaximumNameLength keeps names usable as DNS labels with a suffix behind them.
const MaximumNameLength = 50

// ValidateName accepts lower-case letters, digits and hyphens, beginning with a letter: a DNS label, no slash, no dot.
func ValidateName(name string) error {
	if len(name) > MaximumNameLength || !namePattern.MatchString(name) {
		return fmt.Errorf("%w: name %q: use 1 to %d lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
			ErrInvalid, name, MaximumNameLength)
	}
	return nil
}

// ID names an object anywhere: <place>/<kind>/<name>. Place is "file:<path>" or the ARM ID of a container.
type ID struct {
	Place string
	Kind  Kind
	Name  string
}

// String is the form that stands in HCL and state.
func (id ID) String() string { return id.Place + "/" + string(id.Kind) + "/" + id.Name }

// Sibling is another object of the same project.
func (id ID) Sibling(kind Kind, name string) ID { return ID{Place: id.Place, Kind: kind, Name: name} }

// ParseID reads an id from the right, so that a place may hold slashes.
func ParseID(text string) (ID, error) {
	nameAt := strings.LastIndexByte(text, '/')
	if nameAt < 0 {
		return ID{}, badID(text)
	}
	kindAt := strings.LastIndexByte(text[:nameAt], '/')
	if kindAt <= 0 || nameAt == len(text)-1 {
		return ID{}, badID(text)
	}
	id := ID{Place: text[:kindAt], Kind: Kind(text[kindAt+1 : nameAt]), Name: text[nameAt+1:]}
	for _, kind := range Kinds {
		if strings.EqualFold(string(kind), string(id.Kind)) {
			id.Kind = kind
			return id, nil
		}
	}
	return ID{}, fmt.Errorf("%w: id %q: %q is not one of %v", ErrInvalid, text, id.Kind, Kinds)
}

// ParseIDOf is ParseID for one wanted kind.
func ParseIDOf(kind Kind, text string) (ID, error) {
	id, err := ParseID(text)
	if err != nil {
		return ID{}, err
	}
	if id.Kind != kind {
		return ID{}, fmt.Errorf("%w: id %q names one of the %s, not of the %s", ErrInvalid, text, id.Kind, kind)
	}
	return id, nil
}

// Equal compares ids: ARM parts without case, local paths with it.
func (id ID) Equal(other ID) bool {
	if id.Kind != other.Kind || id.Name != other.Name {
		return false
	}
	return SamePlace(id.Place, other.Place)
}

// Key is the same for equal ids.
func (id ID) Key() string {
	return ID{Place: PlaceKey(id.Place), Kind: id.Kind, Name: id.Name}.String()
}

func badID(text string) error {
	return fmt.Errorf("%w: id %q: write <place>/<kind>/<name>, for example file:.mlops/models/flight-delay", ErrInvalid, text)
}
