package dataset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Every fault names the attribute, the rows and the value, and leaves nothing behind.
func TestPublishRefuses(t *testing.T) {
	good := flightRows(0, 5)
	tests := map[string]struct {
		content string
		change  func(*mlops.Dataset)
		want    []string
	}{
		"empty":       {"", nil, []string{"a.csv", "empty"}},
		"header only": {header, nil, []string{"a.csv", "no rows"}},
		"ragged":      {header + good + "1,2\n", nil, []string{"line 7 has 2 cells where the header has 5"}},
		"missing and extra columns": {"departure,miles,origin,carrier,tail,crew\n2001-01-01,1,X,AA,N1,2\n", nil, []string{
			"columns.late: is declared but missing; the source has departure, miles, origin, carrier, tail, crew",
			"columns: 2 columns of the source are not declared; declare or drop: tail, crew"}},
		"types": {header + good + "yesterday,far,X,AA,maybe\n", nil, []string{
			`columns.departure.type: 1 cell that no timestamp can be read from (row 6: "yesterday")`,
			`columns.miles.type: 1 cell that no number can be read from (row 6: "far")`,
			`columns.late.type: 1 cell that no boolean can be read from (row 6: "maybe")`}},
		"range": {header + good + "2001-01-02,-1,X,AA,true\n2001-01-02,6001,X,AA,true\n2001-01-02,7000,X,AA,true\n", nil, []string{
			`columns.miles.minimum: 1 row lies below 0 (row 6: "-1")`,
			`columns.miles.maximum: 2 rows lie above 6000 (rows 7, 8: "6001", "7000")`}},
		"many rows": {header + strings.Repeat("2001-01-02,9999,X,AA,true\n", 12), nil, []string{
			"columns.miles.maximum: 12 rows lie above 6000 (rows 1, 2, 3, 4, 5 and 7 more: "}},
		"categories": {header + good + "2001-01-02,1,X,BA,true\n", nil, []string{
			`columns.carrier.categories: 1 row has a value that is not listed (row 6: "BA")`}},
		"null label": {header + good + "2001-01-02,1,X,AA,\n", nil, []string{
			"columns.late.maximum_null_percent: 1 row is null, which is 16.67% where 0% is allowed (row 6)"}},
		"null feature": {header + good + "2001-01-02,,X,AA,true\n", func(d *mlops.Dataset) {
			miles := d.Columns["miles"]
			miles.MaximumNullPercent = new(10.0)
			d.Columns["miles"] = miles
		}, []string{"columns.miles.maximum_null_percent: 1 row is null, which is 16.67% where 10% is allowed (row 6)"}},
		"duplicates": {header + good + good, func(d *mlops.Dataset) { d.MaximumDuplicatePercent = new(5.0) }, []string{
			"maximum_duplicate_percent: 5 rows repeat an earlier one, which is 50% where 5% is allowed (rows 6, 7, 8, 9, 10)"}},
		"minimum rows": {header + good, func(d *mlops.Dataset) { d.MinimumRows = 100 }, []string{"minimum_rows: 5 rows, 95 short of the minimum"}},
		"one row":      {header + flightRows(0, 1), nil, []string{"holdout_percent: 1 row cannot be split"}},
		"bad dataset":  {header + good, func(d *mlops.Dataset) { d.HoldoutPercent = 95 }, []string{"holdout_percent lies between 1 and 90"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store := memstore.New()
			asked := request(store, writeFile(t, "a.csv", test.content))
			if test.change != nil {
				test.change(&asked.Dataset)
			}
			_, err := dataset.Publish(t.Context(), asked)
			if !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), `dataset "flights"`) {
				t.Fatalf("got %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got\n%v\nwant it to contain\n%s", err, want)
				}
			}
			if keys := store.Keys(""); len(keys) > 0 {
				t.Errorf("stored: %v", keys)
			}
		})
	}
}

// All problems are listed for programs, the first ten for people.
func TestCheckErrorIsShort(t *testing.T) {
	many := &dataset.CheckError{Source: "a.csv"}
	for range 25 {
		many.Problems = append(many.Problems, mlops.Problem{Path: []string{"columns", "x", "type"}, Message: "bad"})
	}
	if lines := strings.Split(many.Error(), "\n"); len(lines) != 12 || lines[11] != "  and 15 more" {
		t.Errorf("%d lines: %q", len(lines), many)
	}
}

// Notation makes no difference to what a version holds.
func TestCanonical(t *testing.T) {
	store := memstore.New()
	content := "late,departure,origin,miles,carrier\nYES,2001-01-01T02:00:00+02:00,\"a,b\",1.50e2,UA\n0,978307260,null,,AA\n"
	version, err := dataset.Publish(t.Context(), request(store, writeFile(t, "a.csv", content)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := readSplit(t, store, version.Training), "late,departure,origin,miles,carrier\ntrue,2001-01-01T00:00:00Z,\"a,b\",150,UA\n"; got != want {
		t.Errorf("training: %q, want %q", got, want)
	}
	if got, want := readSplit(t, store, version.Holdout), "late,departure,origin,miles,carrier\nfalse,2001-01-01T00:01:00Z,,,AA\n"; got != want {
		t.Errorf("holdout: %q, want %q", got, want)
	}
}

// Identifiers of more digits than a float64 holds keep them all, and stay out of the profile.
func TestLongIdentifiers(t *testing.T) {
	store := memstore.New()
	asked := request(store, writeFile(t, "a.csv", "id,x\n9007199254740993,1\n9007199254740992,2\n007,3\n"))
	asked.Dataset = mlops.Dataset{Name: "flights", HoldoutPercent: 40, Columns: map[string]mlops.Column{
		"id": {Type: mlops.TypeNumber, Role: mlops.RoleID}, "x": {Type: mlops.TypeNumber, Role: mlops.RoleFeature},
	}}
	version, err := dataset.Publish(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	both := readSplit(t, store, version.Training) + readSplit(t, store, version.Holdout)
	for _, want := range []string{"9007199254740993,1\n", "9007199254740992,2\n", "7,3\n"} {
		if !strings.Contains(both, want) {
			t.Errorf("%q lacks %q", both, want)
		}
	}
	profile, err := dataset.Profile(t.Context(), store, version.DatasetManifest)
	if err != nil || profile.Columns["id"].Number != nil || profile.Columns["id"].Rows != version.Training.Rows {
		t.Errorf("profile: %+v, %v", profile.Columns["id"], err)
	}
}
