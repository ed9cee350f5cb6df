package artifact

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// The files of the output folder that the contract names.
const (
	modelFolder     = "model"
	metricsFile     = "metrics.json"
	predictionsFile = "predictions.csv"
)

const maximumMetricsBytes = 1 << 20

// openRegular opens a file below root; fs.ErrNotExist where there is none. What is no regular file (a pipe would hang us,
// a link may lead out) is mlops.ErrInvalid.
func openRegular(root *os.Root, name string) (*os.File, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a plain file", mlops.ErrInvalid, name)
	}
	return root.Open(name)
}

// readMetrics reads metrics.json; nil where there is none. Every value must be a finite number.
func readMetrics(root *os.Root) (map[string]float64, error) {
	file, err := openRegular(root, metricsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maximumMetricsBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maximumMetricsBytes {
		return nil, fmt.Errorf(`%w: %s is larger than 1 MiB: write numbers only, such as {"auc": 0.71}`, mlops.ErrInvalid, metricsFile)
	}
	return parseMetrics(data)
}

func parseMetrics(data []byte) (map[string]float64, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		if name := notFinite(data); name != "" {
			return nil, fmt.Errorf("%w: %s holds %s, which is no number: find out why the metric cannot be computed, or leave it out", mlops.ErrInvalid, metricsFile, name)
		}
		return nil, fmt.Errorf(`%w: %s is not a JSON object of numbers such as {"auc": 0.71}: %w`, mlops.ErrInvalid, metricsFile, err)
	}
	metrics := make(map[string]float64, len(values))
	for name, raw := range values {
		var number *float64
		err := json.Unmarshal(raw, &number)
		switch {
		case err == nil && number != nil:
			metrics[name] = *number
		case strings.HasPrefix(string(raw), `"`) && notFinite(raw) != "" || string(raw) == "null":
			return nil, fmt.Errorf("%w: %s: %q is %s, which is no number: find out why it cannot be computed, or leave it out", mlops.ErrInvalid, metricsFile, name, raw)
		default:
			return nil, fmt.Errorf(`%w: %s: %q is not a finite number: write flat numbers such as {"auc": 0.71}`, mlops.ErrInvalid, metricsFile, name)
		}
	}
	return metrics, nil
}

// notFinite finds the words with which languages write what is no number; none of them is JSON.
func notFinite(data []byte) string {
	for _, word := range []string{"NaN", "nan", "-Infinity", "Infinity", "-inf", "inf"} {
		if strings.Contains(string(data), word) {
			return word
		}
	}
	return ""
}

// complete says whether every row was scored: a candidate that chooses its rows would be judged on the easy ones.
func complete(scored, rows int64) error {
	if rows > 0 && scored != rows {
		return fmt.Errorf("%w: %s scores %d of the %d rows of the input: score every row", mlops.ErrInvalid, predictionsFile, scored, rows)
	}
	return nil
}

var predictionsHeader = []string{"row", "label", "score"}

// checkPredictions reads predictions.csv through: its header, and that each line names a row of the input once (counted
// from 0) with a finite score. rows is the number of rows of the input, 0 where it is not known.
func checkPredictions(from io.Reader, rows int64) error {
	reader := csv.NewReader(from)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil || !slices.Equal(header, predictionsHeader) {
		return fmt.Errorf("%w: %s: the first line must be row,label,score", mlops.ErrInvalid, predictionsFile)
	}
	seen := map[int64]struct{}{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return complete(int64(len(seen)), rows)
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w", mlops.ErrInvalid, predictionsFile, err)
		}
		line, _ := reader.FieldPos(0)
		row, err := strconv.ParseInt(record[0], 10, 64)
		if err != nil || row < 0 || rows > 0 && row >= rows {
			return fmt.Errorf("%w: %s line %d: row %q: name a row of the input, counted from 0", mlops.ErrInvalid, predictionsFile, line, record[0])
		}
		if _, twice := seen[row]; twice {
			return fmt.Errorf("%w: %s line %d: row %d comes twice", mlops.ErrInvalid, predictionsFile, line, row)
		}
		seen[row] = struct{}{}
		if score, err := strconv.ParseFloat(record[2], 64); err != nil || math.IsNaN(score) || math.IsInf(score, 0) {
			return fmt.Errorf("%w: %s line %d: score %q is not a finite number", mlops.ErrInvalid, predictionsFile, line, record[2])
		}
	}
}
