package artifact

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// useFile copies stored bytes to a file, which is there only when its bytes are right.
func useFile(ctx context.Context, store platform.Store, sum, name string) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), ".fetch-*")
	if err != nil {
		return err
	}
	err = content.Use(ctx, store, sum, func(from io.Reader) error {
		_, err := io.Copy(temporary, from)
		return err
	})
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}
