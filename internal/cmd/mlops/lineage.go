package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
)

func newLineage() *cobra.Command {
	var asJSON bool
	var version int64
	command := &cobra.Command{
		Use:   "lineage MODEL",
		Short: "Show what a version came from and where it went",
		Long: `Show a version with the run and the causes that made it, the rows it learned from and their source, the rows it was
judged on, its code, who let it in, when it was in production, and the deployments that serve it. Without --version: the
champion, or the newest where there is none.`,
		Example: `  mlops lineage flight-delay
  mlops lineage flight-delay --version 1 --json`,
		Args: takes("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if version < 0 || version == 0 && cmd.Flags().Changed("version") {
				return usageError("--version %d: versions are numbered from 1", version)
			}
			in, err := openProject(cmd)
			if err != nil {
				return err
			}
			defer progress(cmd.ErrOrStderr(), "reading the log")()
			graph, err := lineage.ReadGraph(cmd.Context(), in, args[0], version)
			if err != nil {
				return found(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), graph)
			}
			printGraph(cmd.OutOrStdout(), graph)
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	command.Flags().Int64Var(&version, "version", 0, "number of the version")
	return command
}

// branch is a line of a tree and what hangs below it.
type branch struct {
	text     string
	branches []branch
}

func leaf(format string, values ...any) branch {
	return branch{text: oneLine(fmt.Sprintf(format, values...))}
}

func (b branch) print(to io.Writer, first, rest string) {
	text, below := b.text, rest
	if len(b.branches) > 0 {
		below += "│  "
	}
	if width := lineWidth(to); width > 0 {
		text = wrap(text, max(width-utf8.RuneCountInString(first), leastLast), below)
	}
	fmt.Fprintln(to, first+text)
	for i, below := range b.branches {
		if i == len(b.branches)-1 {
			below.print(to, rest+"└─ ", rest+"   ")
		} else {
			below.print(to, rest+"├─ ", rest+"│  ")
		}
	}
}

func printGraph(to io.Writer, graph lineage.Graph) {
	title := fmt.Sprintf("%s version %d", graph.Model, graph.Version)
	if graph.Champion {
		title += ", champion"
	}
	made := leaf("made by run %s, registered %s", graph.Trained.RunID, when(graph.Trained.Time))
	for _, cause := range graph.Causes {
		made.branches = append(made.branches, leaf("because of %s", lineage.CauseWords(cause)))
	}
	code := leaf("code %s, source revision %s", graph.Trained.Image, graph.Trained.SourceRevision)
	if graph.Trained.ImageDigest != "" {
		code.branches = append(code.branches, leaf("digest %s", graph.Trained.ImageDigest))
	}
	if parameters := parameterWords(graph.Trained.Parameters); parameters != "" {
		code.branches = append(code.branches, leaf("parameters %s", parameters))
	}
	tree := branch{text: title, branches: []branch{made, dataBranch("learned from", *graph.Data), code}}
	if graph.Holdout != nil {
		judged := dataBranch("judged on", *graph.Holdout)
		if metrics := metricWords(graph.Trained.Metrics); metrics != "" {
			judged.branches = append(judged.branches, leaf("%s", strings.TrimPrefix(metrics, ", ")))
		}
		if graph.Against > 0 {
			judged.branches = append(judged.branches, leaf("against version %d", graph.Against))
		}
		tree.branches = append(tree.branches, judged)
	}
	tree.branches = append(tree.branches, leaf("artifact sha256 %s", graph.Trained.ArtifactSHA256))
	if approved := graph.Approved; approved != nil {
		tree.branches = append(tree.branches, leaf("approved by %s, %s: %s", actorWords(approved.Actor), when(approved.Time), approved.Reason))
	}
	for _, stint := range graph.Stints {
		tree.branches = append(tree.branches, leaf("in production from %s to %s", when(stint.From), until(stint.To)))
	}
	for _, deployment := range graph.Deployments {
		tree.branches = append(tree.branches, leaf("%s", deploymentNodeWords(deployment)))
	}
	tree.print(to, "", "")
	if graph.Broken != "" {
		fmt.Fprintf(to, "The log cannot be read on: %s\nSee mlops audit verify\n", oneLine(graph.Broken))
	}
}

func dataBranch(verb string, node lineage.DataNode) branch {
	data := leaf("%s the %s split of %s version %d: %s, sha256 %s", verb, node.Split, node.Dataset, node.Version, plural(node.Rows, "row"), short(node.SHA256))
	if node.Source != "" {
		data.branches = []branch{leaf("from %s, sha256 %s, published by %s", node.Source, short(node.SourceSHA256), actorWords(node.Published))}
	}
	return data
}

func deploymentNodeWords(node lineage.DeploymentNode) string {
	switch {
	case node.Serves && node.Wanted:
		return fmt.Sprintf("served by deployment %s, %s ready", node.Name, plural(node.Ready, "replica"))
	case node.Serves:
		return fmt.Sprintf("still served by deployment %s, which wants another version", node.Name)
	default:
		return fmt.Sprintf("wanted by deployment %s, which does not serve it yet", node.Name)
	}
}
