package dataset

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// built is a version without number, source and time, and the content that it names.
type built struct {
	manifest mlops.DatasetManifest
	contents []content.Content
}

// build splits a checked table and profiles its training split.
func build(dataset mlops.Dataset, canonical table.Table, columns []typedColumn) (built, error) {
	split, err := divide(dataset, canonical, columns)
	if err != nil {
		return built{}, err
	}
	var times *typedColumn
	for i := range columns {
		if columns[i].declared.Role == mlops.RoleTimestamp {
			times = &columns[i]
		}
	}
	made := built{manifest: mlops.DatasetManifest{
		Dataset: dataset.Name, Rows: int64(canonical.Rows), Columns: canonical.Names(), SplitRule: split.rule,
	}}
	profile, err := profileOf(columns, times, split.training)
	if err != nil {
		return built{}, err
	}
	made.manifest.ProfileSHA256 = profile.SHA256
	training, trainingContent, err := splitOf(canonical, split.training, times)
	if err != nil {
		return built{}, err
	}
	holdout, holdoutContent, err := splitOf(canonical, split.holdout, times)
	if err != nil {
		return built{}, err
	}
	made.manifest.Training, made.manifest.Holdout = training, holdout
	made.contents = []content.Content{trainingContent, holdoutContent, profile}
	return made, nil
}

// divide splits by time, else by identifier, else by the whole row.
func divide(dataset mlops.Dataset, canonical table.Table, columns []typedColumn) (division, error) {
	if name := dataset.ColumnOf(mlops.RoleTimestamp); name != "" {
		for _, column := range columns {
			if column.name == name {
				return splitByTime(name, column.times, column.null, dataset.HoldoutPercent)
			}
		}
	}
	if id, found := canonical.Column(dataset.ColumnOf(mlops.RoleID)); found {
		cells, _ := id.AsText()
		keys := make([]Hash, len(cells))
		for i, cell := range cells {
			keys[i] = hashText(cell)
		}
		return splitByHash(id.Name, keys, dataset.HoldoutPercent)
	}
	return splitByHash("the whole row", hashRows(canonical), dataset.HoldoutPercent)
}

func splitOf(canonical table.Table, of []int, times *typedColumn) (mlops.Split, content.Content, error) {
	part := canonical.Take(of)
	made, err := content.Of(func(to io.Writer) error { return table.WriteCSV(to, part) })
	if err != nil {
		return mlops.Split{}, content.Content{}, err
	}
	split := mlops.Split{SHA256: made.SHA256, Bytes: made.Bytes, Rows: int64(part.Rows)}
	for _, row := range of {
		if times == nil || times.null[row] {
			continue
		}
		at := times.times[row]
		if split.From.IsZero() || at.Before(split.From) {
			split.From = at
		}
		if split.To.IsZero() || at.After(split.To) {
			split.To = at
		}
	}
	return split, made, nil
}

// profileOf freezes the training split, with the days of its timestamps.
func profileOf(columns []typedColumn, times *typedColumn, training []int) (content.Content, error) {
	inputs := make([]stats.Input, len(columns))
	for i, column := range columns {
		inputs[i] = column.profileInput(training)
	}
	var days []int64
	if times != nil {
		days = make([]int64, len(training))
		for i, row := range training {
			days[i] = math.MinInt64 // rows without a time make a day of their own
			if !times.null[row] {
				days[i] = dayOf(times.times[row])
			}
		}
	}
	profile, err := stats.NewProfile(inputs, days)
	if err != nil {
		return content.Content{}, err
	}
	data, err := json.Marshal(profile)
	if err != nil {
		return content.Content{}, fmt.Errorf("profile: %w", err)
	}
	return content.Of(func(to io.Writer) error {
		_, err := to.Write(data)
		return err
	})
}

// dayOf counts days of UTC since 1970.
func dayOf(at time.Time) int64 {
	const day = 24 * 60 * 60
	seconds := at.Unix()
	if seconds < 0 {
		seconds -= day - 1
	}
	return seconds / day
}
