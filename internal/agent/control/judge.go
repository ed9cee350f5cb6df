package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/validation"
)

// judge makes the judgement of a trained run once its evaluations are published; false until then. What was published
// wrongly is a reason to refuse the candidate, not an error.
func (c *Controller) judge(ctx context.Context, memory *modelMemory, run mlops.Run, world *mlops.World) (mlops.Judgement, bool, error) {
	name := mlops.JobName(run.ID, run.Attempt, mlops.StepEvaluateCandidate)
	if judgement, ok := memory.judgements[name]; ok {
		return judgement, true, nil
	}
	outputs := map[string]mlops.StepOutput{}
	for _, step := range mlops.EvaluationSteps(run) {
		output, ok := world.Outputs[mlops.JobName(run.ID, run.Attempt, step)]
		if !ok {
			return mlops.Judgement{}, false, nil
		}
		outputs[step] = output
	}
	judgement, err := c.judgeOutputs(ctx, run, world.Model.Validation, outputs)
	if errors.Is(err, mlops.ErrInvalid) || errors.Is(err, mlops.ErrNotFound) {
		judgement.Passed, judgement.Reasons, err = false, []string{err.Error()}, nil
	}
	if err != nil {
		return mlops.Judgement{}, false, fmt.Errorf("judging run %s: %w", run.ID, err)
	}
	memory.judgements[name] = judgement
	return judgement, true, nil
}

func (c *Controller) judgeOutputs(ctx context.Context, run mlops.Run, gate mlops.Validation, outputs map[string]mlops.StepOutput) (mlops.Judgement, error) {
	candidate := outputs[mlops.StepEvaluateCandidate]
	input := validation.Input{
		Seed: run.ID, Validation: gate, Holdout: *run.Holdout, HoldoutSHA256: candidate.HoldoutSHA256,
		Rows: candidate.HoldoutRows, ExcludedRows: candidate.ExcludedRows,
	}
	empty := mlops.Judgement{
		HoldoutDataset: run.Holdout.Dataset, HoldoutVersion: run.Holdout.Version, HoldoutSHA256: candidate.HoldoutSHA256,
		HoldoutRows: candidate.HoldoutRows, ExcludedRows: candidate.ExcludedRows, Champion: run.Holdout.Champion,
		Metrics: map[string]mlops.MetricJudgement{},
	}
	var err error
	if input.Candidate, err = c.side(ctx, mlops.StepEvaluateCandidate, candidate); err != nil {
		return empty, err
	}
	if champion, judged := outputs[mlops.StepEvaluateChampion]; judged {
		if champion.HoldoutSHA256 != candidate.HoldoutSHA256 {
			return empty, fmt.Errorf("%w: candidate and champion were not evaluated on the same rows", mlops.ErrInvalid)
		}
		side, err := c.side(ctx, mlops.StepEvaluateChampion, champion)
		if err != nil {
			return empty, err
		}
		input.Champion = &side
	}
	if len(gate.Slices) > 0 && candidate.HoldoutSHA256 != "" {
		if input.Rowwise, err = c.readCSV(ctx, candidate.HoldoutSHA256); err != nil {
			return empty, fmt.Errorf("holdout: %w", err)
		}
	}
	return validation.Judge(input), nil
}

func (c *Controller) side(ctx context.Context, step string, output mlops.StepOutput) (validation.Side, error) {
	side := validation.Side{Metrics: output.Metrics}
	if output.PredictionsSHA256 == "" {
		return side, nil
	}
	read, err := c.readCSV(ctx, output.PredictionsSHA256)
	if err != nil {
		return side, fmt.Errorf("%s: predictions: %w", step, err)
	}
	if side.Predictions, err = validation.Predictions(read); err != nil {
		return side, fmt.Errorf("%s: %w", step, err)
	}
	return side, nil
}

func (c *Controller) readCSV(ctx context.Context, sha256 string) (table.Table, error) {
	reader, err := content.Open(ctx, c.project.Store, sha256)
	if err != nil {
		return table.Table{}, err
	}
	defer func() { _ = reader.Close() }()
	return table.ReadFrom(reader, table.CSV)
}
