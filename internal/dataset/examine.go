package dataset

import (
	"context"
	"fmt"
	"os"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// ExamineLimit is the size of a source, in bytes, up to which it is worth reading twice.
const ExamineLimit = 64 << 20

// Examine says what Publish would refuse of a source, without a store. One that is larger than ExamineLimit is only checked
// when it is published.
func Examine(ctx context.Context, declared mlops.Dataset, path string) error {
	if declared.HoldoutPercent == 0 {
		declared.HoldoutPercent = mlops.DefaultHoldoutPercent
	}
	found, err := openSource(path)
	if err != nil {
		return err
	}
	size, err := found.size()
	if err != nil || size > ExamineLimit {
		return err
	}
	read, err := found.read(ctx)
	if err != nil {
		return err
	}
	canonical, columns, err := check(declared, read)
	if err != nil {
		return err
	}
	_, err = divide(declared, canonical, columns)
	return err
}

// size is the number of bytes of all files.
func (s source) size() (int64, error) {
	var size int64
	for _, file := range s.files {
		info, err := os.Stat(s.pathOf(file))
		if err != nil {
			return 0, fmt.Errorf("source %q: %w", s.path, err)
		}
		size += info.Size()
	}
	return size, nil
}
