package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats/peer"
)

func newDriftMethods() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "methods",
		Short: "List every drift number by id, with its bins, edges and order",
		Long: `List the ids that mlops drift compare --methods takes. Ids with a project's name follow that project's definition, to the
digit and with its quirks; the others are ours.`,
		Example: `  mlops drift methods
  mlops drift methods --json | jq -r '.[].id'`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			if asJSON {
				return writeMethodsJSON(cmd)
			}
			for _, method := range drift.Methods() {
				fmt.Fprintf(out, "%s  (%s)\n  %s\n", method.ID, columnsOf(method), wrap(method.About, 100, "  "))
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return command
}

func writeMethodsJSON(cmd *cobra.Command) error {
	type described struct {
		ID      string `json:"id"`
		Columns string `json:"columns"`
		About   string `json:"about"`
	}
	var all []described
	for _, method := range drift.Methods() {
		all = append(all, described{method.ID, columnsOf(method), method.About})
	}
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(all)
}

// columnsOf says which columns a method applies to.
func columnsOf(method peer.Method) string {
	switch {
	case method.Numbers && method.Categories:
		return "numbers, categories"
	case method.Numbers:
		return "numbers"
	default:
		return "categories"
	}
}

// checkMethods refuses an id that no method has, and says which come near it.
func checkMethods(ids []string) error {
	if slices.Equal(ids, []string{"all"}) {
		return nil
	}
	known := methodIDs()
	for _, id := range ids {
		if !slices.Contains(known, id) {
			return usageError("--methods %q: there is no such method; near it: %s. mlops drift methods lists all", id, strings.Join(nearest(id, known), ", "))
		}
	}
	return nil
}

func methodIDs() []string {
	var ids []string
	for _, method := range drift.Methods() {
		ids = append(ids, method.ID)
	}
	return ids
}

// nearLimit is how many ids an error names.
const nearLimit = 6

// nearest are the ids that most resemble a text: those of the same metric or project first, then by distance.
func nearest(text string, ids []string) []string {
	text = strings.ToLower(text)
	project, metric, slash := strings.Cut(text, "/")
	rank := func(id string) int {
		distance := editDistance(text, id)
		owner, name, _ := strings.Cut(id, "/")
		switch {
		case slash && name == metric, !slash && (name == text || owner == text):
			return distance - 2*len(text)
		case slash && owner == project:
			return distance - len(text)
		default:
			return distance
		}
	}
	sorted := slices.Clone(ids)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return sorted[:min(nearLimit, len(sorted))]
}

// editDistance is how many letters must be put in, taken out or changed to make one text of the other (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
