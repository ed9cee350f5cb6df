package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// compareFiles writes two files of 300 rows; in the second, numbers are moved and a colour is new.
func compareFiles(t *testing.T) (reference, current string) {
	t.Helper()
	dir := t.TempDir()
	var before, after strings.Builder
	before.WriteString("age,colour,when\n")
	after.WriteString("age,colour,when\n")
	for i := range 300 {
		fmt.Fprintf(&before, "%d,%s,2001-01-01\n", i*37%101, []string{"red", "green", "blue"}[i%3])
		fmt.Fprintf(&after, "%d,%s,2001-01-02\n", i*37%101+40, []string{"red", "violet", "blue"}[i%3])
	}
	reference, current = filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv")
	for path, content := range map[string]string{reference: before.String(), current: after.String()} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return reference, current
}

func compare(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	root := newRoot()
	var out, notes bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&notes)
	root.SetArgs(append([]string{"drift", "compare"}, arguments...))
	err := root.Execute()
	return out.String(), err
}

// The JSON has the shape that is promised, with every method on demand and a null where there is no number.
func TestDriftCompareJSON(t *testing.T) {
	reference, current := compareFiles(t)
	text, err := compare(t, "--reference", reference, "--current", current, "--format", "json", "--methods", "all")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Verdict  string
		Features []struct {
			Name, Type string
			Metrics    []struct {
				Method string
				Value  *float64
				PValue *float64 `json:"p_value"`
				Reason string
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Verdict != "covariate" || len(got.Features) != 2 {
		t.Fatalf("verdict %q with %d features, want covariate with 2", got.Verdict, len(got.Features))
	}
	seen := map[string]bool{}
	for _, feature := range got.Features {
		for _, metric := range feature.Metrics {
			seen[feature.Type+" "+metric.Method] = true
			if metric.Value == nil && metric.Reason == "" {
				t.Errorf("%s of %s has neither value nor reason", metric.Method, feature.Name)
			}
		}
	}
	for _, want := range []string{
		"number psi/quantile10", "number scipy/ks", "number evidently/psi", "number azureml/ks", "number nannyml/wasserstein", "number tfdv/jensen_shannon",
		"category psi/levels", "category evidently/chi_square", "category nannyml/l_infinity", "category deequ/chi_square",
	} {
		if !seen[want] {
			t.Errorf("no %s among %v", want, seen)
		}
	}
	if seen["category scipy/ks"] || seen["number nannyml/chi_square"] {
		t.Error("a method is reported for a type that it does not apply to")
	}
}

func TestDriftCompareSelectsMethodsAndTypes(t *testing.T) {
	reference, current := compareFiles(t)
	text, err := compare(t, "--reference", reference, "--current", current, "--format", "json", "--methods", "evidently/psi,azureml/psi", "--type", "age=category")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "quantile10") || strings.Count(text, `"method"`) != 4 || strings.Contains(text, `"type": "number"`) {
		t.Errorf("want two methods on each of two categories, got %s", text)
	}
}

func TestDriftCompareTableAndPage(t *testing.T) {
	reference, current := compareFiles(t)
	text, err := compare(t, "--reference", reference, "--current", current)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"COVARIATE", "* colour", `"violet" 33 %, was 0`, "when is a timestamp column: not compared"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table does not hold %q:\n%s", want, text)
		}
	}
	output := filepath.Join(t.TempDir(), "report.html")
	if _, err := compare(t, "--reference", reference, "--current", current, "--format", "html", "--output", output); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(output)
	if err != nil || !bytes.HasPrefix(page, []byte("<!doctype html>")) {
		t.Errorf("the page begins with %.20q (%v)", page, err)
	}
}

// The verdict is no error unless asked to be one; and what is wrong with the command line says what to do.
func TestDriftCompareExitCodes(t *testing.T) {
	reference, current := compareFiles(t)
	both := []string{"--reference", reference, "--current", current}
	empty := filepath.Join(t.TempDir(), "empty.csv")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		arguments []string
		code      int
		words     string
	}{
		"drift":             {append(both, "--fail-on", "drift"), exitDrifted, "covariate"},
		"no drift":          {[]string{"--reference", reference, "--current", reference, "--fail-on", "any"}, 0, ""},
		"other verdict":     {append(both, "--fail-on", "data_quality"), 0, ""},
		"one file":          {[]string{"--reference", reference}, exitUsage, "--current FILE"},
		"unknown format":    {append(both, "--format", "xml"), exitUsage, "json, table or html"},
		"unknown method":    {append(both, "--methods", "psi/other"), exitUsage, "psi/quantile10"},
		"misspelt method":   {append(both, "--methods", "scipy/ks,evidentl/psi"), exitUsage, "evidently/psi"},
		"metric alone":      {append(both, "--methods", "chi_sqare"), exitUsage, "chi_square"},
		"unknown type":      {append(both, "--type", "age=float"), exitUsage, "column=type"},
		"unknown column":    {append(both, "--type", "size=number"), exitFailed, `no column "size"`},
		"missing file":      {[]string{"--reference", reference, "--current", "nowhere.csv"}, exitFailed, "nowhere.csv"},
		"empty file":        {[]string{"--reference", empty, "--current", current}, exitFailed, "empty.csv"},
		"unknown condition": {append(both, "--fail-on", "rain"), exitUsage, "never, drift"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compare(t, c.arguments...)
			code := 0
			var exit exitError
			switch {
			case errors.As(err, &exit):
				code = exit.code
			case err != nil:
				code = exitFailed
			}
			if code != c.code || err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("exit code %d (%v), want %d with %q", code, err, c.code, c.words)
			}
		})
	}
}
