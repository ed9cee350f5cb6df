// Package oracle judges request bodies by type definitions that Microsoft publishes for Azure's management API. They are
// not a part of this repository, and know nothing of it: shared/oracle stands beside a parent folder. It must not know what
// the product sends, only what may be sent.
package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Missing is what a test prints where there are no types.
const Missing = "ARM types not found: request bodies not checked"

// ErrMissing says that no parent folder holds shared/oracle/arm-types.
var ErrMissing = errors.New(Missing)

// What Check and CheckAction cannot judge.
var (
	// ErrNamespace says that nothing of the resource provider's namespace is known: there is no judge.
	ErrNamespace = errors.New("no types of this namespace")
	// ErrType says that the namespace is known, but not this type (or action) at this api-version.
	ErrType = errors.New("no such type at this api-version")
)

// Types are the definitions below one folder, read when they are first asked for. They may be used from many goroutines.
type Types struct {
	folder string
	lock   sync.Mutex
	files  map[string]*file // by "<namespace>/<api-version>", nil where there is none
}

// Find looks for shared/oracle/arm-types beside a parent of the working folder: ErrMissing where there is none.
func Find() (*Types, error) {
	folder, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		found := filepath.Join(folder, "shared", "oracle", "arm-types")
		if info, err := os.Stat(found); err == nil && info.IsDir() {
			return &Types{folder: found, files: map[string]*file{}}, nil
		}
	}
	return nil, ErrMissing
}

// Versions are the api-versions at which a type can be judged.
func (t *Types) Versions(resourceType string) []string {
	namespace, _, _ := strings.Cut(strings.ToLower(resourceType), "/")
	entries, err := os.ReadDir(filepath.Join(t.folder, namespace))
	if err != nil {
		return nil
	}
	var versions []string
	for _, entry := range entries {
		if _, _, err := t.resource(resourceType, entry.Name()); err == nil {
			versions = append(versions, entry.Name())
		}
	}
	return versions
}

// Knows says whether anything of a type's namespace can be judged.
func (t *Types) Knows(resourceType string) bool {
	namespace, _, _ := strings.Cut(strings.ToLower(resourceType), "/")
	info, err := os.Stat(filepath.Join(t.folder, namespace))
	return err == nil && info.IsDir()
}

// open reads the file of a type's namespace at an api-version.
func (t *Types) open(resourceType, apiVersion string) (*file, error) {
	namespace, _, _ := strings.Cut(strings.ToLower(resourceType), "/")
	key := namespace + "/" + strings.ToLower(apiVersion)
	if strings.Contains(key, "..") {
		return nil, fmt.Errorf("%s: %w", key, ErrNamespace)
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	if read, ok := t.files[key]; ok && read != nil {
		return read, nil
	}
	content, err := os.ReadFile(filepath.Join(t.folder, filepath.FromSlash(key), "types.json"))
	switch {
	case errors.Is(err, os.ErrNotExist) && t.Knows(resourceType):
		return nil, fmt.Errorf("%s@%s: %w", resourceType, apiVersion, ErrType)
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", resourceType, ErrNamespace)
	case err != nil:
		return nil, err
	}
	read := &file{}
	if err := json.Unmarshal(content, &read.types); err != nil {
		return nil, fmt.Errorf("types of %s: %w", key, err)
	}
	for i := range read.types {
		if err := read.types[i].read(); err != nil {
			return nil, fmt.Errorf("types of %s: element %d: %w", key, i, err)
		}
	}
	t.files[key] = read
	return read, nil
}

// resource finds the definition of a resource type.
func (t *Types) resource(resourceType, apiVersion string) (*file, *definition, error) {
	from, err := t.open(resourceType, apiVersion)
	if err != nil {
		return nil, nil, err
	}
	want := resourceType + "@" + apiVersion
	for i := range from.types {
		if found := &from.types[i]; found.Kind == "ResourceType" && strings.EqualFold(found.Name, want) && found.Body != nil {
			return from, &from.types[*found.Body], nil
		}
	}
	return nil, nil, fmt.Errorf("%s: %w", want, ErrType)
}
