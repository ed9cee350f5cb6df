package drift_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// weather is Seattle's, by day.
type weather struct {
	days []time.Time
	all  table.Table
}

var weatherTypes = map[string]mlops.ColumnType{
	"precipitation": mlops.TypeNumber, "temp_max": mlops.TypeNumber, "temp_min": mlops.TypeNumber, "wind": mlops.TypeNumber, "weather": mlops.TypeCategory,
}

func seattle(t *testing.T) weather {
	t.Helper()
	all, err := table.Read(filepath.Join("testdata", "seattle-weather.csv"))
	if err != nil {
		t.Fatal(err)
	}
	dates, _ := all.Column("date")
	days, _, bad := dates.AsTimes()
	if bad > 0 || len(days) != 1461 {
		t.Fatalf("%d days of which %d are none, want 1461", len(days), bad)
	}
	return weather{days, all}
}

// quarter is the columns of one quarter (1 to 4) of some years.
func (w weather) quarter(quarter int, years ...int) []stats.Input {
	var columns []stats.Input
	for name, columnType := range weatherTypes {
		column, _ := w.all.Column(name)
		whole, _ := drift.ReadInput(column, columnType)
		part := stats.Input{Name: name, Type: columnType}
		for _, year := range years {
			for row, day := range w.days {
				if day.Year() != year || (int(day.Month())+2)/3 != quarter {
					continue
				}
				if columnType == mlops.TypeNumber {
					part.Numbers = append(part.Numbers, whole.Numbers[row])
				} else {
					part.Text = append(part.Text, whole.Text[row])
				}
			}
		}
		columns = append(columns, part)
	}
	return columns
}

// window judges a quarter with the yearly cycle of a monitor that looks at quarters.
func (w weather) window(current []stats.Input) drift.Window {
	declared := mlops.Dataset{Columns: map[string]mlops.Column{}}
	for name, columnType := range weatherTypes {
		declared.Columns[name] = mlops.Column{Type: columnType, Role: mlops.RoleFeature}
	}
	monitor := mlops.DriftMonitor{Reference: mlops.ReferenceTraining, Season: mlops.Duration(365 * 24 * time.Hour), MinimumRows: 80}
	return drift.Window{Dataset: declared, Monitor: monitor, Current: current}
}

// hotter is a made fault: the thermometer shows eight degrees too many.
func hotter(columns []stats.Input) []stats.Input {
	for i, column := range columns {
		if column.Name == "temp_max" {
			for row := range column.Numbers {
				columns[i].Numbers[row] += 8
			}
		}
	}
	return columns
}

// Summer against a winter training set is a season, the same quarter of the next year is stable, a fault inside a season is
// found, and before a first cycle nobody knows.
func TestSeattle(t *testing.T) {
	seattle := seattle(t)
	winter := profileOf(t, seattle.quarter(1, 2012, 2013))
	for _, year := range []int{2014, 2015} {
		for quarter := 1; quarter <= 4; quarter++ {
			t.Run(fmt.Sprintf("%d quarter %d", year, quarter), func(t *testing.T) {
				same := profileOf(t, seattle.quarter(quarter, 2012, 2013))
				window := seattle.window(seattle.quarter(quarter, year))
				window.Reference, window.Season, window.Monitor.Reference = same, &same, mlops.ReferenceSeason
				wantVerdict(t, drift.Judge(window), mlops.VerdictStable)
				window.Current = hotter(seattle.quarter(quarter, year))
				wantVerdict(t, drift.Judge(window), mlops.VerdictCovariate, "temp_max")

				window.Reference, window.Monitor.Reference = winter, mlops.ReferenceTraining
				report := drift.Judge(window)
				wantVerdict(t, report, mlops.VerdictCovariate)
				if report.Season != drift.SeasonUnexplained {
					t.Errorf("a fault is %q, want %q", report.Season, drift.SeasonUnexplained)
				}
				if quarter == 2 || quarter == 3 {
					window.Current = seattle.quarter(quarter, year)
					wantVerdict(t, drift.Judge(window), mlops.VerdictSeasonal, "season")
					window.Season = nil
					if report := drift.Judge(window); report.Season != drift.SeasonUnknown || report.Verdict != mlops.VerdictCovariate {
						t.Errorf("without a cycle the verdict is %s, %q, want covariate, %q", report.Verdict, report.Season, drift.SeasonUnknown)
					}
				}
			})
		}
	}
}

// Against the last cycle alone, one quarter of 90 days, every quarter is as quiet.
func TestSeattleAgainstTheYearBefore(t *testing.T) {
	seattle := seattle(t)
	for year := 2013; year <= 2015; year++ {
		for quarter := 1; quarter <= 4; quarter++ {
			window := seattle.window(seattle.quarter(quarter, year))
			window.Reference, window.Monitor.Reference = profileOf(t, seattle.quarter(quarter, year-1)), mlops.ReferenceSeason
			window.Season = &window.Reference
			t.Run(fmt.Sprintf("%d quarter %d", year, quarter), func(t *testing.T) { wantVerdict(t, drift.Judge(window), mlops.VerdictStable) })
		}
	}
}
