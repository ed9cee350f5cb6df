package mlops

import (
	"fmt"
	"slices"
	"sort"
	"time"
)

// ColumnType is how the cells of a column are read.
type ColumnType string

// The column types.
const (
	TypeNumber    ColumnType = "number"
	TypeCategory  ColumnType = "category"
	TypeBoolean   ColumnType = "boolean"
	TypeTimestamp ColumnType = "timestamp"
	TypeText      ColumnType = "text"
)

// ColumnTypes lists every type once.
var ColumnTypes = []ColumnType{TypeNumber, TypeCategory, TypeBoolean, TypeTimestamp, TypeText}

// ColumnRole is what a column is for.
type ColumnRole string

// The column roles; feature is the default.
const (
	RoleFeature   ColumnRole = "feature"
	RoleLabel     ColumnRole = "label"
	RoleTimestamp ColumnRole = "timestamp"
	RoleID        ColumnRole = "id"
)

// ColumnRoles lists every role once.
var ColumnRoles = []ColumnRole{RoleFeature, RoleLabel, RoleTimestamp, RoleID}

// Column declares one column and what must hold in it.
type Column struct {
	Type    ColumnType `json:"type"`
	Role    ColumnRole `json:"role"`
	Minimum *float64   `json:"minimum,omitempty"`
	Maximum *float64   `json:"maximum,omitempty"`
	// Categories closes the set of values: any other is a data-quality fault. Nil leaves it open.
	Categories []string `json:"categories,omitempty"`
	// MaximumNullPercent is the largest share of nulls that is accepted; nil means the default of 0 for label, timestamp
	// and id, and of 100 for features.
	MaximumNullPercent *float64 `json:"maximum_null_percent,omitempty"`
	// Unit is free text ("miles"); a unit shift is named against it.
	Unit string `json:"unit,omitempty"`
}

// NullLimit is the share of nulls, in percent, above which a version is refused.
func (c Column) NullLimit() float64 {
	switch {
	case c.MaximumNullPercent != nil:
		return *c.MaximumNullPercent
	case c.Role == RoleFeature:
		return 100
	default:
		return 0
	}
}

// Dataset declares the columns of a dataset, what its versions must fulfil, and how they are split.
type Dataset struct {
	Name    string            `json:"name"`
	Columns map[string]Column `json:"columns"`
	// MinimumRows and MaximumDuplicatePercent are expectations on a whole version.
	MinimumRows             int64    `json:"minimum_rows"`
	MaximumDuplicatePercent *float64 `json:"maximum_duplicate_percent,omitempty"`
	// HoldoutPercent of the rows, the last by timestamp, are kept from training.
	HoldoutPercent int64 `json:"holdout_percent"`
}

// DefaultHoldoutPercent is the share of rows kept for evaluation.
const DefaultHoldoutPercent = 20

// SpecKind is datasets.
func (d Dataset) SpecKind() Kind { return KindDataset }

// SpecName is the dataset's name.
func (d Dataset) SpecName() string { return d.Name }

// Validate checks names, types, roles and ranges.
func (d Dataset) Validate() []Problem {
	var problems []Problem
	if err := ValidateName(d.Name); err != nil {
		problems = append(problems, problem(err.Error(), "name"))
	}
	if len(d.Columns) == 0 {
		problems = append(problems, problem("declare at least one column", "columns"))
	}
	single := map[ColumnRole]string{}
	for _, name := range d.ColumnNames() {
		column := d.Columns[name]
		if !slices.Contains(ColumnTypes, column.Type) {
			problems = append(problems, problem(fmt.Sprintf("type %q: use one of %v", column.Type, ColumnTypes), "columns", name, "type"))
		}
		if !slices.Contains(ColumnRoles, column.Role) {
			problems = append(problems, problem(fmt.Sprintf("role %q: use one of %v", column.Role, ColumnRoles), "columns", name, "role"))
		}
		if column.Role != RoleFeature {
			if first, taken := single[column.Role]; taken {
				problems = append(problems, problem(fmt.Sprintf("column %q has the role %q already; one column may have it", first, column.Role), "columns", name, "role"))
			}
			single[column.Role] = name
		}
		if column.Role == RoleTimestamp && column.Type != TypeTimestamp {
			problems = append(problems, problem(`a column with the role "timestamp" has the type "timestamp"`, "columns", name, "type"))
		}
		numeric := column.Type == TypeNumber
		if !numeric && (column.Minimum != nil || column.Maximum != nil) {
			problems = append(problems, problem("minimum and maximum are for numbers", "columns", name))
		}
		if column.Minimum != nil && column.Maximum != nil && *column.Minimum > *column.Maximum {
			problems = append(problems, problem("minimum is above maximum", "columns", name, "minimum"))
		}
		if column.Categories != nil && column.Type != TypeCategory {
			problems = append(problems, problem("categories are for columns of the type category", "columns", name, "categories"))
		}
		if column.Categories != nil && len(column.Categories) == 0 && column.Type == TypeCategory {
			problems = append(problems, problem("an empty list allows no value at all: list at least one, or leave it out to allow any", "columns", name, "categories"))
		}
		if p := column.MaximumNullPercent; p != nil && (*p < 0 || *p > 100) {
			problems = append(problems, problem("a percentage lies between 0 and 100", "columns", name, "maximum_null_percent"))
		}
	}
	if d.HoldoutPercent < 1 || d.HoldoutPercent > 90 {
		problems = append(problems, problem("holdout_percent lies between 1 and 90", "holdout_percent"))
	}
	return problems
}

// ColumnNames are the declared columns in sorted order.
func (d Dataset) ColumnNames() []string {
	names := make([]string, 0, len(d.Columns))
	for name := range d.Columns {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// ColumnOf is the name of the one column with a role other than feature, or "".
func (d Dataset) ColumnOf(role ColumnRole) string {
	for _, name := range d.ColumnNames() {
		if d.Columns[name].Role == role {
			return name
		}
	}
	return ""
}

// Features are the names of the feature columns in sorted order.
func (d Dataset) Features() []string {
	var names []string
	for _, name := range d.ColumnNames() {
		if d.Columns[name].Role == RoleFeature {
			names = append(names, name)
		}
	}
	return names
}

// DatasetManifestSchema marks the manifest of a dataset version.
const DatasetManifestSchema = "mlops/dataset-version/v1"

// DatasetManifest is one immutable version: datasets/<name>/<n>/manifest.json. Creating it publishes the version.
type DatasetManifest struct {
	Schema  string    `json:"schema"`
	Writer  string    `json:"writer"`
	Dataset string    `json:"dataset"`
	Number  int64     `json:"number"`
	Time    time.Time `json:"time"`
	Source  string    `json:"source"`
	Actor   Actor     `json:"actor"`
	// SHA256 is the fingerprint of the source as it was read.
	SHA256  string   `json:"sha256"`
	Rows    int64    `json:"rows"`
	Columns []string `json:"columns"`
	// Training and Holdout are CSV files with a header, by the SHA-256 of their bytes: data/sha256/<hex>.
	Training  Split  `json:"training"`
	Holdout   Split  `json:"holdout"`
	SplitRule string `json:"split_rule"`
	// ProfileSHA256 names the frozen profile of the training split: data/sha256/<hex>.
	ProfileSHA256 string `json:"profile_sha256"`
	// Records says what a version was joined from; nil where it was read from files.
	Records *JoinedRecords `json:"records,omitempty"`
}

// Split is one part of a dataset version.
type Split struct {
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
	// From and To are the first and last timestamp, zero where the dataset has none.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}
