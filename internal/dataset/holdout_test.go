package dataset_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func putSplit(store *memstore.Store, content string) mlops.Split {
	sum := sha256.Sum256([]byte(content))
	split := mlops.Split{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(content)), Rows: int64(strings.Count(content, "\n") - 1)}
	store.Put(mlops.DataKey(split.SHA256), []byte(content))
	return split
}

func TestHoldoutWithout(t *testing.T) {
	store := memstore.New()
	holdout := putSplit(store, "a,b,c\n1,x,\n2,y,q\n3,z,\"v,w\"\n2,y,q\n4,z,\n")
	tests := map[string]struct {
		exclude        []mlops.Split
		want           string
		left, excluded int64
	}{
		"none":          {nil, "a,b,c\n1,x,\n2,y,q\n3,z,\"v,w\"\n2,y,q\n4,z,\n", 5, 0},
		"one":           {[]mlops.Split{putSplit(store, "a,b,c\n2,y,q\n9,x,\n")}, "a,b,c\n1,x,\n3,z,\"v,w\"\n4,z,\n", 3, 2},
		"other order":   {[]mlops.Split{putSplit(store, "c,a,b\n\"v,w\",3,z\n,x,1\n")}, "a,b,c\n1,x,\n2,y,q\n2,y,q\n4,z,\n", 4, 1},
		"older columns": {[]mlops.Split{putSplit(store, "a,b\n4,z\n"), putSplit(store, "a,b,c\n1,x,\n4,z,q\n")}, "a,b,c\n2,y,q\n3,z,\"v,w\"\n2,y,q\n", 3, 2},
		"itself":        {[]mlops.Split{holdout}, "a,b,c\n", 0, 5},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			left, excluded, err := dataset.HoldoutWithout(t.Context(), store, holdout, test.exclude, &got)
			if err != nil || got.String() != test.want || left != test.left || excluded != test.excluded {
				t.Errorf("%q, %d left, %d excluded, %v", got.String(), left, excluded, err)
			}
		})
	}
	if _, _, err := dataset.HoldoutWithout(t.Context(), store, holdout, []mlops.Split{putSplit(store, "z\n1\n")}, io.Discard); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("no shared column: %v", err)
	}
	if _, _, err := dataset.HoldoutWithout(t.Context(), store, holdout, []mlops.Split{{SHA256: strings.Repeat("0", 64)}}, io.Discard); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("missing split: %v", err)
	}
}

// Bytes that were changed are an error at the latest where the stream ends.
func TestDamagedContent(t *testing.T) {
	store := memstore.New()
	version, err := dataset.Publish(t.Context(), request(store, writeFile(t, "a.csv", header+flightRows(0, 10))))
	if err != nil {
		t.Fatal(err)
	}
	store.Put(mlops.DataKey(version.Holdout.SHA256), []byte(header+"2001-01-02,1,X,AA,true\n"))
	stream, err := dataset.OpenSplit(t.Context(), store, version.Holdout)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(stream); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("split: %v", err)
	}
	if _, _, err := dataset.HoldoutWithout(t.Context(), store, version.Holdout, nil, io.Discard); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("holdout: %v", err)
	}
	store.Put(mlops.DataKey(version.ProfileSHA256), []byte("{}"))
	if _, err := dataset.Profile(t.Context(), store, version.DatasetManifest); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("profile: %v", err)
	}
	store.Put("datasets/flights/000000000001/manifest.json", []byte("{"))
	if _, err := dataset.Read(t.Context(), store, "flights", 1); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("manifest: %v", err)
	}
	// A damaged version does not keep a good one out.
	if next, err := dataset.Publish(t.Context(), request(store, writeFile(t, "a.csv", header+flightRows(1, 10)))); err != nil || next.Number != 2 {
		t.Errorf("next: %+v, %v", next, err)
	}
}

func TestRowHash(t *testing.T) {
	one := dataset.RowHash([]string{"a", "b"}, []string{"1", "2"})
	if one != dataset.RowHash([]string{"b", "a"}, []string{"2", "1"}) {
		t.Error("the order of columns matters")
	}
	for _, other := range [][]string{{"2", "1"}, {"12", ""}, {"", "12"}, {"1", "2 "}} {
		if one == dataset.RowHash([]string{"a", "b"}, other) {
			t.Errorf("%q is the same row", other)
		}
	}
}
