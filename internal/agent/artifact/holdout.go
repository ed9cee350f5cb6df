package artifact

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// remaining is a stored holdout after rows were left out of it.
type remaining struct {
	Stored
	rows     int64
	excluded int64
}

// withoutLearned stores a holdout without the rows that stand in the training split of any of the versions. Rows are equal
// when all their cells are, by name of column; memory is 32 bytes for each distinct training row.
func withoutLearned(ctx context.Context, in *project.Project, holdout string, versions []DatasetVersion) (remaining, error) {
	learned := map[[sha256.Size]byte]struct{}{}
	for _, version := range versions {
		manifest, err := readManifest(ctx, in, version)
		if err == nil {
			err = eachRow(ctx, in, manifest.Training.SHA256, func(_, _ []string, key [sha256.Size]byte) error {
				learned[key] = struct{}{}
				return nil
			})
		}
		if err != nil {
			return remaining{}, fmt.Errorf("training split of %s/%d: %w", version.Dataset, version.Number, err)
		}
	}
	var left remaining
	stored, err := put(ctx, in.Store, func(to io.Writer) error {
		left = remaining{}
		writer := table.NewCSVWriter(to)
		header := false
		err := eachRow(ctx, in, holdout, func(names, record []string, key [sha256.Size]byte) error {
			if !header {
				header = true
				if err := writer.Write(names); err != nil {
					return err
				}
			}
			if _, known := learned[key]; known {
				left.excluded++
				return nil
			}
			left.rows++
			return writer.Write(record)
		})
		return errors.Join(err, writer.Flush())
	})
	left.Stored = stored
	return left, err
}

// eachRow visits the rows of a stored CSV. The key of a row does not depend on the order of its columns.
func eachRow(ctx context.Context, in *project.Project, sum string, visit func(names, record []string, key [sha256.Size]byte) error) error {
	return use(ctx, in.Store, sum, func(from io.Reader) error {
		reader, err := table.NewCSVReader(from)
		if err != nil {
			return err
		}
		names := reader.Header
		order := make([]int, len(names))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(names[a], names[b]) })
		for {
			record, err := reader.Read()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%w: %w", mlops.ErrInvalid, err)
			}
			if err := visit(names, record, rowKey(names, record, order)); err != nil {
				return err
			}
		}
	})
}

// rowKey hashes the cells of a row, each behind its column's name and length, in order of name.
func rowKey(names, record []string, order []int) [sha256.Size]byte {
	var text []byte
	for _, i := range order {
		text = fmt.Appendf(text, "%d:%s%d:%s", len(names[i]), names[i], len(record[i]), record[i])
	}
	return sha256.Sum256(text)
}
