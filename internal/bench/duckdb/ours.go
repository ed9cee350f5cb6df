package main

import (
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	products "github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// count is below, the bins and above of every column.
func count(path string, edges [][]float64, threads int) ([][]int64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	file, err := products.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	counts := make([][]int64, len(edges))
	var group errgroup.Group
	group.SetLimit(threads)
	for column := range edges {
		group.Go(func() error {
			counter := stats.NewEdgeCounter(edges[column])
			if err := file.Blocks(column, func(block products.Column) error {
				counter.Add(block.Numbers)
				return nil
			}); err != nil {
				return err
			}
			counts[column] = append(append([]int64{counter.Below}, counter.Counts...), counter.Above)
			return nil
		})
	}
	return counts, group.Wait()
}
