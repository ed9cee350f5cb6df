package dataset

import (
	"context"
	"io"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// OpenSplit streams a split as CSV with a header. The end of the stream is an error (mlops.ErrInvalid) instead of io.EOF
// where the bytes are not those that the version was published with: what was made of them does not count.
func OpenSplit(ctx context.Context, in platform.Store, split mlops.Split) (io.ReadCloser, error) {
	return content.Open(ctx, in, split.SHA256)
}
