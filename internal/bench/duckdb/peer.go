package main

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"

	_ "github.com/marcboeker/go-duckdb/v2" // the peer
)

// peer is DuckDB in memory.
type peer struct {
	database *sql.DB
	version  string
}

func openPeer() (peer, error) {
	database, err := sql.Open("duckdb", "")
	if err != nil {
		return peer{}, err
	}
	opened := peer{database: database}
	return opened, database.QueryRowContext(context.Background(), "SELECT version()").Scan(&opened.version)
}

func (p peer) close() { _ = p.database.Close() }

// write lets DuckDB write the rows of a file into one of its own.
func (p peer) write(from, to string) error {
	_, err := p.database.ExecContext(context.Background(), fmt.Sprintf("COPY (SELECT * FROM '%s') TO '%s' (FORMAT parquet, COMPRESSION zstd)", from, to))
	return err
}

// read only reads: the sum of every column.
func (p peer) read(path string, columns, threads int) error {
	ctx := context.Background()
	if _, err := p.database.ExecContext(ctx, fmt.Sprintf("SET threads = %d", threads)); err != nil {
		return err
	}
	sums, row := make([]string, columns), make([]any, columns)
	for i := range sums {
		sums[i], row[i] = fmt.Sprintf("sum(%s)", name(i)), new(float64)
	}
	return p.database.QueryRowContext(ctx, fmt.Sprintf("SELECT %s FROM '%s'", strings.Join(sums, ", "), path)).Scan(row...)
}

// count counts by histogram() with given bins, the fastest that we found in SQL: each bin holds its upper bound, so bounds are
// the numbers before our edges.
func (p peer) count(path string, edges [][]float64, threads int) ([][]int64, error) {
	ctx := context.Background()
	if _, err := p.database.ExecContext(ctx, fmt.Sprintf("SET threads = %d", threads)); err != nil {
		return nil, err
	}
	selected := make([]string, len(edges))
	for i := range edges {
		bounds := make([]string, len(edges[i]))
		for k, edge := range edges[i] {
			if k < len(edges[i])-1 {
				edge = math.Nextafter(edge, math.Inf(-1))
			}
			bounds[k] = strconv.FormatFloat(edge, 'e', -1, 64) // with an exponent: without, it is a decimal
		}
		selected[i] = fmt.Sprintf("map_values(histogram(%s, [%s]))", name(i), strings.Join(bounds, ","))
	}
	counts := make([][]int64, len(edges))
	row, cells := make([]any, len(edges)), make([]any, len(edges))
	for i := range row {
		row[i] = &cells[i]
	}
	if err := p.database.QueryRowContext(ctx, fmt.Sprintf("SELECT %s FROM '%s'", strings.Join(selected, ", "), path)).Scan(row...); err != nil {
		return nil, err
	}
	for i, cell := range cells {
		list, ok := cell.([]any)
		if !ok {
			return nil, fmt.Errorf("column %d: no list: %T", i, cell)
		}
		for _, count := range list {
			switch count := count.(type) {
			case uint64:
				counts[i] = append(counts[i], int64(count)) //nolint:gosec // at most the rows
			case int64:
				counts[i] = append(counts[i], count)
			}
		}
		if len(counts[i]) == len(edges[i]) { // nothing above the last bound
			counts[i] = append(counts[i], 0)
		}
	}
	return counts, nil
}
