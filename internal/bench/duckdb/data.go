package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// table is columns of doubles and the frozen edges of a reference drawn by the same laws.
type table struct {
	values [][]float64
	edges  [][]float64
}

// laws are drawn in turn: half of them of full precision, which nothing compresses.
var laws = []func(*rand.Rand) float64{
	(*rand.Rand).NormFloat64,
	func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) },
	func(r *rand.Rand) float64 { return math.Round(math.Exp(3+r.NormFloat64())*100) / 100 }, // prices
	func(r *rand.Rand) float64 { return math.Round(50 + 10*r.NormFloat64()) },               // counts
	(*rand.Rand).Float64,
	func(r *rand.Rand) float64 { // zeroes and amounts
		if r.Float64() < 0.6 {
			return 0
		}
		return math.Round(1000*r.ExpFloat64()) / 10
	},
}

const referenceRows = 20_000

func makeData(rows, columns int) (table, error) {
	made := table{}
	for column := range columns {
		random := rand.New(rand.NewPCG(1, uint64(column))) //nolint:gosec // seeded on purpose
		law := laws[column%len(laws)]
		draw := func(n int) []float64 {
			values := make([]float64, n)
			for i := range values {
				values[i] = law(random)
			}
			return values
		}
		reference := draw(referenceRows)
		slices.Sort(reference)
		made.edges = append(made.edges, stats.QuantileEdges(reference, stats.MaximumEdges))
		made.values = append(made.values, draw(rows))
	}
	return made, nil
}

// writeOurs writes by the library that we read with: zstd, row groups of as many rows as DuckDB's.
func (t table) writeOurs(path string) error {
	group := parquet.Group{}
	for i := range t.values {
		group[name(i)] = parquet.Compressed(parquet.Leaf(parquet.DoubleType), &parquet.Zstd)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	writer := parquet.NewWriter(file, parquet.NewSchema("table", group))
	const groupRows = 122_880
	rows := len(t.values[0])
	for start := 0; start < rows; start += groupRows {
		end := min(start+groupRows, rows)
		buffer := make([]parquet.Row, 0, end-start)
		for row := start; row < end; row++ {
			cells := make(parquet.Row, len(t.values))
			for i := range t.values {
				cells[i] = parquet.DoubleValue(t.values[i][row]).Level(0, 0, i)
			}
			buffer = append(buffer, cells)
		}
		if _, err := writer.WriteRows(buffer); err != nil {
			return err
		}
		if err := writer.Flush(); err != nil {
			return err
		}
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return file.Close()
}

func name(column int) string { return fmt.Sprintf("x%03d", column) }
