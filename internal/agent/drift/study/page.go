package study

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Where results and pages stand in the repository. The page in docs is a copy of its template, as `make generate` makes it.
const (
	resultsFile  = "internal/agent/drift/study/results.json"
	templateFile = "templates/guides/drift-study.md"
	docsFile     = "docs/guides/drift-study.md"
)

//go:embed page.md
var head string

// Keep puts results in the place of older ones of the same experiments and writes the pages again.
func Keep(repository string, results []Result) error {
	all, err := Kept(repository)
	if err != nil {
		return err
	}
	for _, result := range results {
		all = slices.DeleteFunc(all, func(old Result) bool { return old.Experiment == result.Experiment })
	}
	all = append(all, results...)
	place := map[string]int{}
	for i, experiment := range Experiments("listed") {
		place[experiment.Name] = i
	}
	slices.SortStableFunc(all, func(a, b Result) int { return cmp.Compare(place[a.Experiment], place[b.Experiment]) })
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	page := Page(all)
	for _, file := range []struct{ name, content string }{{resultsFile, string(data) + "\n"}, {templateFile, page}, {docsFile, page}} {
		path := filepath.Join(repository, filepath.FromSlash(file.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(file.content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Kept are the results that stand in the repository, none where there are none yet.
func Kept(repository string) ([]Result, error) {
	data, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(resultsFile)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Result
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", resultsFile, err)
	}
	return all, nil
}

// Page is the guide: what is measured, the table, and the commands.
func Page(all []Result) string {
	var page strings.Builder
	page.WriteString(head)
	page.WriteString("\n## Results\n\n")
	page.WriteString(Table(all))
	page.WriteString("\n## Commands\n\nEach experiment again, with the same numbers:\n\n```shell\n")
	for i, result := range all {
		if i == 0 || all[i-1].Command != result.Command {
			fmt.Fprintln(&page, result.Command)
		}
	}
	page.WriteString("```\n")
	return page.String()
}

// Table is results in Markdown.
func Table(results []Result) string {
	var table strings.Builder
	table.WriteString("| property | counted | hits of trials | rate | upper 95 % limit | bound | holds | seed |\n|---|---|---|---|---|---|---|---|\n")
	for _, result := range results {
		bound, holds := "shown only", ""
		if result.Bound > 0 {
			bound, holds = fmt.Sprintf("%g %%", 100*result.Bound), "yes"
			switch {
			case result.Broken():
				holds = "**no**"
			case !result.Holds():
				holds = "undecided"
			}
		}
		fmt.Fprintf(&table, "| %s | %s | %s of %s | %.2f %% | %.2f %% | %s | %s | %d |\n", result.Name, result.Counted,
			thousands(int(result.Hits)), thousands(int(result.Trials)), 100*result.Rate(), 100*result.Upper(), bound, holds, result.Seed)
	}
	return table.String()
}
