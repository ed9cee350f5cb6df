package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
		err = doc.Manifest.Check()
	}
	if err != nil {
		doc.broken = fmt.Errorf("workload %s/%s was edited by hand and cannot be run; apply again to repair it: %w", kind, name, err)
	}
	sum := sha256.Sum256(content)
	doc.revision = strconv.FormatInt(doc.Written, 10) + "-" + hex.EncodeToString(sum[:6])
	return doc
}
