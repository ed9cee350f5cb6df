package project

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

var specKey = regexp.MustCompile(`^specs/[a-z_]+/[a-z0-9-]+/[0-9]{12}\.json$`)

// SpecKey is where a number of a spec stands.
func SpecKey(kind mlops.Kind, name string, sequence int64) string {
	return fmt.Sprintf("specs/%s/%s/%012d.json", kind, name, sequence)
}

// NewestSpecs are the newest documents of each name in a listing, in its order. What has no spec's key, as a file that an
// editor has left beside one, is passed over.
func NewestSpecs(listing []platform.Entry) []platform.Entry {
	var newest []platform.Entry
	for _, entry := range listing {
		if !specKey.MatchString(entry.Key) {
			continue
		}
		if last := len(newest) - 1; last >= 0 && path.Dir(newest[last].Key) == path.Dir(entry.Key) {
			newest[last] = entry
		} else {
			newest = append(newest, entry)
		}
	}
	return newest
}

// DecodeSpec reads the document of a key. One that cannot be read, or that says that it is another's or of another number,
// is mlops.ErrInvalid: whoever wrote the next number behind what it says would meet a number that is taken, for ever. Of one
// that cannot be read, schema and version are returned where they can: they may be why.
func DecodeSpec(key string, data []byte) (mlops.SpecDocument, error) {
	var document mlops.SpecDocument
	if err := json.Unmarshal(data, &document); err != nil {
		return mlops.SpecDocument{Schema: document.Schema, AgentVersion: document.AgentVersion}, fmt.Errorf("%s: %w: not a spec: %w", key, mlops.ErrInvalid, err)
	}
	if says := SpecKey(document.Kind, document.Name, document.Sequence); says != key {
		return mlops.SpecDocument{}, fmt.Errorf("%s: %w: it says that it is %s", key, mlops.ErrInvalid, says)
	}
	return document, nil
}
