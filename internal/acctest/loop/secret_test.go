//go:build linux

package loop

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// What people send to a model stands in the inference records and nowhere else: in no log, no status, no message, no
// document, whatever becomes of the request.
func TestNothingOfABodyInAnyLog(t *testing.T) {
	const marker = "k7q2-marker-of-a-body"
	s := newScene(t)
	s.begin(mlops.ApprovalAutomatic)
	s.publish(1)
	s.awaitServed(1)
	for what, body := range map[string]string{
		"scored":     fmt.Sprintf(`{"data": [{"at": "2001-06-01T00:00:00Z", "x": 0.7, "note": %q}]}`, marker),
		"malformed":  fmt.Sprintf(`{"data": [{"x": 0.7, "note": %q`, marker),
		"not a form": fmt.Sprintf(`{%q: 1}`, marker),
		"crash":      fmt.Sprintf(`{"data": [{"x": 0.7, "fail": true, "note": %q}]}`, marker),
		"bad time":   fmt.Sprintf(`{"data": [{"at": %q, "x": 0.7}]}`, marker),
	} {
		if status, answer := s.score(body); strings.Contains(answer, marker) || (status == 200) != (what != "malformed" && what != "crash") {
			t.Errorf("%s: status %d, %s", what, status, answer)
		}
	}
	// A replica dies with requests under way, and another starts: what is told of that is told without them.
	for _, victim := range s.some(2, "two servers", server) {
		s.kill9(victim)
		s.score(fmt.Sprintf(`{"data": [{"x": 0.7, "note": %q}]}`, marker))
		s.awaitReplaced(victim.pod)
	}
	s.await("records of the requests", func() (bool, string) {
		found := s.holding(marker)
		return len(found["records"]) > 0, fmt.Sprint(found)
	})
	// Stopping ships what the collectors still hold.
	s.must("local", "stop")
	for where, files := range s.holding(marker) {
		if where != "records" {
			t.Errorf("the body of a request stands in %v", files)
		}
	}
}

// holding finds the files of the scene in which a text stands, by the first part of their path in the store, "" beside it.
func (s *scene) holding(text string) map[string][]string {
	s.t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(s.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil //nolint:nilerr // removed since
		}
		content, err := os.ReadFile(path)
		if plain, broken := record.Decompress(content); broken == nil {
			content = plain
		}
		if err != nil || !bytes.Contains(content, []byte(text)) {
			return nil //nolint:nilerr // removed since
		}
		where := ""
		if below, ok := strings.CutPrefix(path, s.folder+"/"); ok {
			where, _, _ = strings.Cut(below, "/")
		}
		if strings.Contains(path, "/wal/") { // a log of records that is not shipped yet
			where = "records"
		}
		found[where] = append(found[where], path)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}
