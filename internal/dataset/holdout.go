package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// HoldoutWithout writes the rows of a holdout, as CSV with its header, that stand in none of the training splits: what no
// model has learned from. Rows are compared by the columns that holdout and split share, so that a column which was added
// later hides nothing. Memory is one hash a row of the holdout, whatever the size of the splits. What was written counts
// only without an error.
func HoldoutWithout(ctx context.Context, in platform.Store, holdout mlops.Split, exclude []mlops.Split, to io.Writer) (left, excluded int64, err error) {
	header, err := headerOf(ctx, in, holdout)
	if err != nil {
		return 0, 0, fmt.Errorf("holdout: %w", err)
	}
	groups, err := groupByShared(ctx, in, header, exclude)
	if err != nil {
		return 0, 0, err
	}
	var learned []bool // by row; nil where nothing is excluded
	for _, group := range groups {
		if learned, err = group.mark(ctx, in, holdout, learned); err != nil {
			return 0, 0, err
		}
	}
	writer := table.NewCSVWriter(to)
	if err := writer.Write(header); err != nil {
		return 0, 0, err
	}
	err = eachRow(ctx, in, holdout, header, func(row int, record []string, _ Hash) error {
		if row < len(learned) && learned[row] {
			excluded++
			return nil
		}
		left++
		return writer.Write(record)
	})
	return left, excluded, errors.Join(err, writer.Flush())
}

// sharing are splits that have the same columns in common with a holdout.
type sharing struct {
	columns []string
	splits  []mlops.Split
}

func groupByShared(ctx context.Context, in platform.Store, header []string, exclude []mlops.Split) ([]sharing, error) {
	var groups []sharing
	for _, split := range exclude {
		of, err := headerOf(ctx, in, split)
		if err != nil {
			return nil, fmt.Errorf("training split: %w", err)
		}
		shared := slices.DeleteFunc(slices.Clone(header), func(name string) bool { return !slices.Contains(of, name) })
		if len(shared) == 0 {
			return nil, fmt.Errorf("%w: a training split with the columns %s and a holdout with %s have none in common, so rows cannot be compared",
				mlops.ErrInvalid, strings.Join(of, ", "), strings.Join(header, ", "))
		}
		at := slices.IndexFunc(groups, func(group sharing) bool { return slices.Equal(group.columns, shared) })
		if at < 0 {
			at = len(groups)
			groups = append(groups, sharing{columns: shared})
		}
		groups[at].splits = append(groups[at].splits, split)
	}
	return groups, nil
}

// mark adds to learned the rows of the holdout that one of the splits holds.
func (g sharing) mark(ctx context.Context, in platform.Store, holdout mlops.Split, learned []bool) ([]bool, error) {
	found := map[Hash]bool{}
	var hashes []Hash // by row
	err := eachRow(ctx, in, holdout, g.columns, func(_ int, _ []string, hash Hash) error {
		found[hash] = false
		hashes = append(hashes, hash)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("holdout: %w", err)
	}
	for _, split := range g.splits {
		err := eachRow(ctx, in, split, g.columns, func(_ int, _ []string, hash Hash) error {
			if _, held := found[hash]; held {
				found[hash] = true
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("training split: %w", err)
		}
	}
	if learned == nil {
		learned = make([]bool, len(hashes))
	}
	for row, hash := range hashes {
		learned[row] = learned[row] || found[hash]
	}
	return learned, nil
}

func headerOf(ctx context.Context, in platform.Store, split mlops.Split) ([]string, error) {
	stream, err := OpenSplit(ctx, in, split)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	reader, err := table.NewCSVReader(stream)
	if err != nil {
		return nil, err
	}
	return reader.Header, nil
}

// eachRow visits the rows of a split to its end, with the hash of some of their columns.
func eachRow(ctx context.Context, in platform.Store, split mlops.Split, columns []string, visit func(row int, record []string, hash Hash) error) error {
	stream, err := OpenSplit(ctx, in, split)
	if err != nil {
		return err
	}
	defer stream.Close()
	reader, err := table.NewCSVReader(contextReader{ctx, stream})
	if err != nil {
		return err
	}
	hasher := newRowHasher(reader.Header, columns)
	for row := 0; ; row++ {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(row, record, hasher.hash(record)); err != nil {
			return err
		}
	}
}
