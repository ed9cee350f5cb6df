package validation

import (
	"fmt"
	"math"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// Predictions reads the columns of predictions.csv: row, label and score. Labels may be numbers or booleans.
func Predictions(read table.Table) ([]Prediction, error) {
	rows, err := numberColumn(read, "row")
	if err != nil {
		return nil, err
	}
	labels, err := numberColumn(read, "label")
	if err != nil {
		return nil, err
	}
	scores, err := numberColumn(read, "score")
	if err != nil {
		return nil, err
	}
	predictions := make([]Prediction, read.Rows)
	for i := range predictions {
		predictions[i] = Prediction{Row: int64(rows[i]), Label: labels[i], Score: scores[i]}
	}
	return predictions, nil
}

func numberColumn(read table.Table, name string) ([]float64, error) {
	column, ok := read.Column(name)
	if !ok {
		return nil, fmt.Errorf("%w: predictions.csv has no column %q; it has %v, and row, label and score are asked for", mlops.ErrInvalid, name, read.Names())
	}
	values, _, bad := column.AsNumbers()
	if bad == 0 {
		return values, nil // a null is NaN: the gate says so
	}
	booleans, null, worse := column.AsBooleans()
	if worse > 0 {
		return nil, fmt.Errorf("%w: column %q of predictions.csv holds %d cells that are no numbers", mlops.ErrInvalid, name, bad)
	}
	for i, value := range booleans {
		switch {
		case null[i]:
			values[i] = math.NaN()
		case value:
			values[i] = 1
		default:
			values[i] = 0
		}
	}
	return values, nil
}
