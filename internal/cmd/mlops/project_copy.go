package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/transfer"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

func newProject() *cobra.Command {
	return group(&cobra.Command{Use: "project", Short: "Carry a whole project to another place"}, newProjectCopy)
}

func newProjectCopy() *cobra.Command {
	var dryRun, asJSON bool
	command := &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy a project with its whole history to another place",
		Long: `Copy every document of a project, byte for byte, to an empty place: data first, then what names it, the project's own spec
last, so that a copy that was stopped is no project yet and goes on where it was. Everything is read back and compared, and
the chains of the logs are checked, before the copy becomes a project; it then says where it lives now. Copying again carries
over what has come since, as long as nothing has happened at the target.

A place is a folder, or what Terraform writes before the kind in an id. A copy starts nothing and ends nothing: end the
controller of the old place before the one of the new place starts, or both go on with the same models.`,
		Example: "  mlops project copy .mlops ../moved/.mlops --dry-run\n  mlops project copy .mlops ../moved/.mlops",
		Args:    takes("FROM", "TO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, to, err := openBoth(cmd, args[0], args[1], dryRun)
			if err != nil {
				return err
			}
			plan, err := transfer.Look(cmd.Context(), from, to)
			if err != nil {
				return found(err)
			}
			if dryRun {
				return printPlan(cmd, plan, asJSON)
			}
			result, err := plan.Run(cmd.Context(), sayHowFar(cmd.ErrOrStderr(), time.Now))
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), result)
			}
			return printCopied(cmd, from, to, result)
		},
	}
	command.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be copied, and write nothing")
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return command
}

// openBoth opens source and target. The target's folder is made, unless it is only looked at.
func openBoth(cmd *cobra.Command, source, target string, dryRun bool) (from, to *project.Project, err error) {
	if from, err = openAt(cmd, source, "FROM"); err != nil {
		return nil, nil, err
	}
	if err := from.MayWrite(cmd.Context()); err != nil {
		return nil, nil, err
	}
	open := makePlatform
	if dryRun {
		open = openPlatform
	}
	on, err := open(cmd.Context(), target, "TO")
	if missing, ok := errors.AsType[exitError](err); dryRun && ok && missing.code == exitNothingFound && !mlops.OnAzure(target) {
		on, err = platform.Platform{Place: local.Scheme + strings.TrimPrefix(target, local.Scheme)}, nil // it would be made
	}
	return from, project.Open(on, version.Version), err
}

func printPlan(cmd *cobra.Command, plan transfer.Plan, asJSON bool) error {
	to := cmd.OutOrStdout()
	if asJSON {
		return printJSON(to, plan)
	}
	fmt.Fprintf(to, "project %q from %s to %s\n", plan.Project, plan.From, plan.To)
	table := newGrid(to, "  ", "in this order", "documents", "size", "to copy")
	for _, group := range plan.Groups {
		table.row(group.Name, thousands(int64(group.Documents)), bytesText(group.Bytes), thousands(int64(group.Missing)))
	}
	table.flush()
	fmt.Fprintln(to, "nothing was written: --dry-run")
	return nil
}

func printCopied(cmd *cobra.Command, from, to *project.Project, result transfer.Result) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "copied %s, read back and compared %s (%s)\n", plural(int64(result.Copied), "document"), thousands(int64(result.Verified)), bytesText(result.Bytes))
	if result.Gone > 0 {
		fmt.Fprintf(out, "%s were taken from the source by retention meanwhile\n", plural(int64(result.Gone), "document"))
	}
	fmt.Fprintf(out, "%s in %s", plural(int64(result.Audit.Events), "event"), plural(int64(result.Audit.Logs), "log"))
	if result.Audit.Intact() {
		fmt.Fprintln(out, ", intact")
	} else {
		fmt.Fprintf(out, ", with the %s that the source has too: see mlops audit verify\n", plural(int64(len(result.Audit.Breaks)), "break"))
	}
	if runs, _ := from.Workloads.Running(cmd.Context()); runs {
		fmt.Fprintf(out, "\nThe project still runs at %s and goes on writing: end it there and copy again.\n", from.Place)
	}
	blocks, err := importBlocks(cmd.Context(), to)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nTo go on there: write the new place into the configuration, take the old ids out of the state (terraform state rm), and\n"+
		"adopt the new ones. The addresses below follow the names; put in your own:\n\n%s", blocks)
	return nil
}

// importBlocks adopt everything that is declared in a project.
func importBlocks(ctx context.Context, in *project.Project) (string, error) {
	var blocks strings.Builder
	add := func(kind mlops.Kind, address, name string) {
		id := mlops.ID{Place: in.Place, Kind: kind, Name: name}
		fmt.Fprintf(&blocks, "import {\n  to = mlops_%s.%s\n  id = %q\n}\n", strings.ReplaceAll(kind.Noun(), " ", "_"), strings.ReplaceAll(address, "-", "_"), id)
	}
	for _, kind := range mlops.Kinds {
		if kind == mlops.KindDatasetVersion {
			continue
		}
		declared, err := in.Specs(ctx, kind)
		if err != nil {
			return "", err
		}
		for _, each := range declared {
			add(kind, each.Document.Name, each.Document.Name)
			if kind != mlops.KindDataset {
				continue
			}
			versions, err := dataset.Versions(ctx, in.Store, each.Document.Name)
			if err != nil {
				return "", err
			}
			for _, newest := range slices.Backward(versions) {
				if !newest.Retired {
					add(mlops.KindDatasetVersion, each.Document.Name, fmt.Sprintf("%s.%d", each.Document.Name, newest.Number))
					break
				}
			}
		}
	}
	return blocks.String(), nil
}

// sayHowFar writes a line when a copy takes long, at most every other second.
func sayHowFar(to io.Writer, now func() time.Time) func(transfer.Progress) {
	last := now()
	return func(progress transfer.Progress) {
		if now().Sub(last) < patience {
			return
		}
		last = now()
		fmt.Fprintf(to, "%s: %s of %s, %s\n", progress.Doing, thousands(int64(progress.Documents)), plural(int64(progress.Total), "document"), bytesText(progress.Bytes))
	}
}
