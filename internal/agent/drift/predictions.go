package drift

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// predictionReference is what a version answered on the holdout when it was registered: the reference of its predictions.
// Nil where its evaluation published none, and where what it published is not there any more.
func (l *Looker) predictionReference(ctx context.Context, model string, version mlops.ModelVersion, timestamp string) (*stats.ColumnProfile, error) {
	output, found, err := l.evaluation(ctx, model, version)
	if err != nil || !found || output.PredictionsSHA256 == "" {
		return nil, err
	}
	predictions, err := l.csv(ctx, output.PredictionsSHA256)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("predictions of version %d: %w", version.Number, err)
	}
	scores, rows := numbers(predictions, "score"), numbers(predictions, "row")
	if len(scores) == 0 || len(rows) != len(scores) {
		return nil, nil
	}
	days, err := l.holdoutDays(ctx, output.HoldoutSHA256, timestamp, rows)
	if err != nil {
		return nil, fmt.Errorf("holdout of version %d: %w", version.Number, err)
	}
	input := stats.Input{Name: PredictionName, Type: mlops.TypeNumber, Numbers: scores}
	profile, err := stats.NewProfile([]stats.Input{input}, days)
	if err != nil {
		return nil, fmt.Errorf("predictions of version %d: %w", version.Number, err)
	}
	column := profile.Columns[PredictionName]
	return &column, nil
}

// evaluation is what the candidate's evaluation of a version published.
func (l *Looker) evaluation(ctx context.Context, model string, version mlops.ModelVersion) (output mlops.StepOutput, found bool, err error) {
	key := mlops.StepOutputKey(model, version.RunID, version.Attempt, mlops.StepEvaluateCandidate)
	data, err := l.Project.Store.Read(ctx, key)
	if errors.Is(err, mlops.ErrNotFound) {
		return output, false, nil
	}
	if err != nil {
		return output, false, err
	}
	if err := json.Unmarshal(data, &output); err != nil {
		return output, false, fmt.Errorf("%s: %w", key, err)
	}
	return output, true, nil
}

// holdoutDays is the day of the holdout row that each prediction is about, so that the reference knows how far the model's
// answers move from day to day. Nil where rows have no time or the holdout is not there any more.
func (l *Looker) holdoutDays(ctx context.Context, sha256, timestamp string, rows []float64) ([]int64, error) {
	if sha256 == "" || timestamp == "" {
		return nil, nil
	}
	holdout, err := l.csv(ctx, sha256)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	column, here := holdout.Column(timestamp)
	if !here {
		return nil, nil
	}
	times, _, _ := column.AsTimes()
	days := make([]int64, len(rows))
	for i, row := range rows {
		if !(row >= 0 && row < float64(len(times))) { // what is no number is no row
			return nil, nil
		}
		days[i] = int64(math.Floor(float64(times[int(row)].Unix()) / (24 * time.Hour).Seconds()))
	}
	return days, nil
}

func (l *Looker) csv(ctx context.Context, sha256 string) (table.Table, error) {
	stream, err := content.Open(ctx, l.Project.Store, sha256)
	if err != nil {
		return table.Table{}, err
	}
	defer func() { _ = stream.Close() }()
	return table.ReadFrom(stream, table.CSV)
}

func numbers(from table.Table, name string) []float64 {
	column, here := from.Column(name)
	if !here {
		return nil
	}
	values, _, _ := column.AsNumbers()
	return values
}
