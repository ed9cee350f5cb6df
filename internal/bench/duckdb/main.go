// Command duckdb measures our counting of a Parquet file in frozen edges against DuckDB, which counts the same edges in SQL over
// a file that it wrote itself. It is a module of its own, so that the product depends on no C compiler.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

func main() {
	log.SetFlags(0)
	rows := flag.Int("rows", 1_000_000, "of the table")
	columns := flag.Int("columns", 50, "of the table, all doubles")
	rounds := flag.Int("rounds", 5, "of each measurement, one after another of each side")
	folder := flag.String("data", "", "`FOLDER` where the files are kept between runs; a temporary one unless given")
	flag.Parse()
	if err := run(*rows, *columns, *rounds, *folder); err != nil {
		log.Fatal(err)
	}
}

func run(rows, columns, rounds int, folder string) error {
	if folder == "" {
		temporary, err := os.MkdirTemp("", "mlops-bench-*")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(temporary) }()
		folder = temporary
	}
	data, err := makeData(rows, columns)
	if err != nil {
		return err
	}
	theirs, ours := filepath.Join(folder, "duckdb.parquet"), filepath.Join(folder, "ours.parquet")
	if err := data.writeOurs(ours); err != nil {
		return err
	}
	peer, err := openPeer()
	if err != nil {
		return err
	}
	defer peer.close()
	if err := peer.write(ours, theirs); err != nil {
		return err
	}
	edges := data.edges
	data.values = nil
	fmt.Printf("PSI over %d rows x %d doubles, %d frozen edges a column; zstd Parquet: %s by DuckDB %s, %s by parquet-go\n",
		rows, columns, len(edges[0]), size(theirs), peer.version, size(ours))
	for _, threads := range []int{1, 2} {
		if threads > runtime.NumCPU() {
			fmt.Printf("  %d threads: not measured, the machine has %d\n", threads, runtime.NumCPU())
			continue
		}
		var mine, mineOwn, others, reads []time.Duration
		for round := range rounds + 1 {
			start := time.Now()
			counted, err := count(theirs, edges, threads)
			if err != nil {
				return err
			}
			ourTime := time.Since(start)
			start = time.Now()
			own, err := count(ours, edges, threads)
			if err != nil {
				return err
			}
			ownTime := time.Since(start)
			start = time.Now()
			expected, err := peer.count(theirs, edges, threads)
			if err != nil {
				return err
			}
			peerTime := time.Since(start)
			start = time.Now()
			if err := peer.read(theirs, columns, threads); err != nil {
				return err
			}
			readTime := time.Since(start)
			if err := same(counted, expected); err != nil {
				return err
			}
			if err := same(own, expected); err != nil {
				return err
			}
			if round > 0 { // the first warms up
				mine, mineOwn = append(mine, ourTime), append(mineOwn, ownTime)
				others, reads = append(others, peerTime), append(reads, readTime)
			}
		}
		fmt.Printf("  %d threads: ours %v (file of DuckDB), %v (file of parquet-go); DuckDB %v, its reading alone (sums) %v; ratio %.2f (%.2f), to reading %.2f; medians of %d\n",
			threads, median(mine), median(mineOwn), median(others), median(reads), ratio(others, mine), ratio(others, mineOwn), ratio(reads, mine), rounds)
	}
	return nil
}

func same(ours, theirs [][]int64) error {
	for i := range ours {
		if !slices.Equal(ours[i], theirs[i]) {
			return fmt.Errorf("column %d: counts differ:\n%v\n%v", i, ours[i], theirs[i])
		}
	}
	return nil
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2].Round(time.Millisecond)
}

func ratio(theirs, ours []time.Duration) float64 {
	return float64(median(theirs)) / float64(median(ours))
}

func size(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "?"
	}
	return fmt.Sprintf("%.0f MB", float64(info.Size())/1e6)
}
