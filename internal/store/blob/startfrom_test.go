package blob_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
)

// startsFrom puts before Azurite what Blob storage does and it does not: a listing that starts at a name.
type startsFrom struct {
	next *http.Client
	all  *blob.Store // on the same container, and not through this
}

func (s startsFrom) Do(request *http.Request) (*http.Response, error) {
	query := request.URL.Query()
	from := query.Get("startFrom")
	if from == "" {
		return s.next.Do(request)
	}
	most, err := strconv.Atoi(query.Get("maxresults"))
	if err != nil {
		most = 5000
	}
	entries, err := s.all.List(request.Context(), "", "", 0)
	if err != nil {
		return nil, err
	}
	var listed strings.Builder
	for _, entry := range entries {
		if entry.Key >= from && most > 0 {
			most--
			fmt.Fprintf(&listed, "<Blob><Name>%s</Name></Blob>", entry.Key)
		}
	}
	body := "<EnumerationResults><Blobs>" + listed.String() + "</Blobs><NextMarker/></EnumerationResults>"
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(strings.NewReader(body)), Request: request}, nil
}
