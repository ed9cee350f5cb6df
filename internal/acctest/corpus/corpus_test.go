package corpus_test

import (
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/corpus"
)

type part struct {
	Name string `json:"name"`
}

type whole struct {
	part
	At    time.Time        `json:"at"`
	Parts []*part          `json:"parts,omitempty"`
	By    map[string]part  `json:"by,omitempty"`
	Data  map[string]int64 `json:"data,omitempty"`
}

func TestLaterGrowsWhatHasFields(t *testing.T) {
	later := corpus.Later(t, []byte(`{"name": "x", "at": "2001-01-01T00:00:00Z", "parts": [{}, null], "by": {"a": {}}, "data": {"b": 1}, "else": {}}`), whole{})
	const field = `"a_later_field":{"of":["a later version",7,null]}`
	want := `{` + field + `,"at":"2001-01-01T00:00:00Z","by":{"a":{` + field + `}},"data":{"b":1},"else":{},"name":"x","parts":[{` + field + `},null]}`
	if string(later) != want {
		t.Errorf("%s\nwant\n%s", later, want)
	}
}
