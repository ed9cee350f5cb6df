package blob_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/badnetwork"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
)

// spoiling changes one byte of what is read, as a proxy might.
type spoiling struct{ next *http.Client }

func (s spoiling) Do(request *http.Request) (*http.Response, error) {
	response, err := s.next.Do(request)
	if err != nil || request.Method != http.MethodGet {
		return response, err
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	data[len(data)/2]++
	response.Body = io.NopCloser(bytes.NewReader(data))
	return response, nil
}

func TestSpoiltBytesAreNoticed(t *testing.T) {
	server := azurite.Shared(t)
	store := at(t, server, server.Container(t), blob.Options{Transport: spoiling{server.Client()}, Retry: impatient, BlockBytes: 1 << 10})
	for key, size := range map[string]int{"small.json": 100, "data/large": 10 << 10} {
		if err := store.CreateFrom(t.Context(), key, bytes.NewReader(make([]byte, size))); err != nil {
			t.Fatal(err)
		}
		if data, err := store.Read(t.Context(), key); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%s: %d bytes, %v; want that they are not those that were written", key, len(data), err)
		}
	}
}

// An account with a hierarchical namespace lists folders as well, and in another order: it is refused, not misread.
func TestHierarchicalNamespaceIsRefused(t *testing.T) {
	listing := `<EnumerationResults><Blobs><Blob><Name>logs</Name><Properties><ResourceType>directory</ResourceType></Properties></Blob></Blobs><NextMarker/></EnumerationResults>`
	network := &badnetwork.Transport{Next: http.DefaultClient, Choose: func(int, *http.Request) badnetwork.Fault {
		return badnetwork.Fault{Status: http.StatusOK, Headers: map[string]string{"Content-Type": "application/xml"}, Body: listing}
	}}
	store, err := blob.Open("https://lake.blob.core.windows.net/flights", azurite.Credential{}, blob.Options{Transport: network})
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := store.List(t.Context(), "", "", 0); err == nil || !strings.Contains(err.Error(), "hierarchical namespace") {
		t.Errorf("listed %v, %v; want that the namespace is named", entries, err)
	}
}

// A server that refuses to be told where to start is asked without, once and for all.
func TestServerThatDoesNotKnowWhereToStart(t *testing.T) {
	store, network := open(t, func(_ int, request *http.Request) badnetwork.Fault {
		if request.URL.Query().Has("startFrom") {
			return badnetwork.Fault{Status: http.StatusBadRequest, Headers: map[string]string{"x-ms-error-code": "UnsupportedQueryParameter"}}
		}
		return badnetwork.Fault{}
	})
	for _, key := range []string{"a/1", "a/2", "a/3"} {
		if err := store.Create(t.Context(), key, nil); err != nil {
			t.Fatal(err)
		}
	}
	network.Forget()
	for range 3 {
		entries, err := store.List(t.Context(), "a/", "a/1", 0)
		if err != nil || len(entries) != 2 || entries[0].Key != "a/2" {
			t.Errorf("listed %v, %v", entries, err)
		}
	}
	if calls := len(network.Requests()); calls != 4 {
		t.Errorf("%d calls, want one too many and three", calls)
	}
}
