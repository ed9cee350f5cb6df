package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

const (
	projectFlag    = "project"
	projectEnv     = "MLOPS_PROJECT"
	defaultProject = ".mlops"
)

// addProjectFlag gives a command and those below it the flag that names the project.
func addProjectFlag(command *cobra.Command) {
	command.PersistentFlags().String(projectFlag, "", "the project's `folder`, or its place as Terraform writes it (file:.mlops);\n"+
		"default $"+projectEnv+", else "+defaultProject)
}

// projectPath is the folder of the project that a command is about; it need not be there.
func projectPath(cmd *cobra.Command) (string, error) {
	place := defaultProject
	if fromEnv := os.Getenv(projectEnv); fromEnv != "" {
		place = fromEnv
	}
	if flag := cmd.Flag(projectFlag); flag != nil && flag.Changed {
		place = flag.Value.String()
	}
	return folderOf(place, "--project")
}

// folderOf is the folder of a place as people write it: a folder, or file:<folder>. named is what it was given as.
func folderOf(place, named string) (string, error) {
	if mlops.OnAzure(place) {
		return "", usageError("%s %s: this version opens projects on one machine only: pass a folder", named, place)
	}
	path := strings.TrimPrefix(place, local.Scheme)
	if path == "" {
		return "", usageError("%s is empty: pass the folder of a project, for example .mlops", named)
	}
	return path, nil
}

// openProject opens the project that --project names; a folder that holds none is an error that says what to do.
func openProject(cmd *cobra.Command) (*project.Project, error) {
	path, err := projectPath(cmd)
	if err != nil {
		return nil, err
	}
	return openFolder(cmd, path)
}

func openFolder(cmd *cobra.Command, path string) (*project.Project, error) {
	on, err := local.OpenExisting(path)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, noProject(path)
	}
	if err != nil {
		return nil, err
	}
	opened := project.Open(on, version.Version)
	exists, err := opened.Exists(cmd.Context())
	if err != nil {
		return nil, fmt.Errorf("project at %s: %w", path, err)
	}
	if !exists {
		return nil, noProject(path)
	}
	return opened, nil
}

// openToWrite is openProject for commands that write: a program that is older than the project must not.
func openToWrite(cmd *cobra.Command) (*project.Project, error) {
	opened, err := openProject(cmd)
	if err != nil {
		return nil, err
	}
	return opened, opened.MayWrite(cmd.Context())
}

func noProject(path string) error {
	return exitError{code: exitNothingFound, message: fmt.Sprintf("no project at %s: run terraform apply, or pass --project", path)}
}
