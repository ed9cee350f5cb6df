package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
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
	command.PersistentFlags().String(projectFlag, "", "the project's `folder`, or its place as Terraform writes it (file:.mlops, or\n"+
		"/subscriptions/... of its container); default $"+projectEnv+", else "+defaultProject)
}

// projectPlace is where the project that a command is about lives, as people write it; it need not be there.
func projectPlace(cmd *cobra.Command) string {
	place := defaultProject
	if fromEnv := os.Getenv(projectEnv); fromEnv != "" {
		place = fromEnv
	}
	if flag := cmd.Flag(projectFlag); flag != nil && flag.Changed {
		place = flag.Value.String()
	}
	return place
}

// projectPath is the folder of the project, for commands that are about one machine.
func projectPath(cmd *cobra.Command) (string, error) {
	return folderOf(projectPlace(cmd), "--project")
}

// folderOf is the folder of a place as people write it: a folder, or file:<folder>. named is what it was given as.
func folderOf(place, named string) (string, error) {
	if mlops.OnAzure(place) {
		return "", usageError("%s %s: this command is about a project on one machine: pass a folder", named, place)
	}
	path := strings.TrimPrefix(place, local.Scheme)
	if path == "" {
		return "", usageError("%s is empty: pass the folder of a project, for example .mlops", named)
	}
	return path, nil
}

// openProject opens the project that --project names; a folder that holds none is an error that says what to do.
func openProject(cmd *cobra.Command) (*project.Project, error) {
	return openAt(cmd, projectPlace(cmd), "--project")
}

// openAt opens the project at a place as people write it. named is what the place was given as.
func openAt(cmd *cobra.Command, place, named string) (*project.Project, error) {
	on, err := openPlatform(cmd.Context(), place, named)
	if err != nil {
		return nil, err
	}
	opened := project.Open(on, version.Version)
	exists, err := opened.Exists(cmd.Context())
	if err != nil {
		return nil, fmt.Errorf("project at %s: %w", place, err)
	}
	if !exists {
		return nil, noProject(place)
	}
	return opened, nil
}

// onAzure is who this program is on Azure: what its environment says.
var onAzure = sync.OnceValue(func() *azure.Connection { return azure.New(azure.Options{}) })

// openPlatform opens a place in which nothing need be declared; one that is not there is an error that says what to do.
func openPlatform(ctx context.Context, place, named string) (platform.Platform, error) {
	return openWith(place, named, local.OpenExisting, func(place string) (platform.Platform, error) {
		return onAzure().OpenExisting(ctx, place)
	})
}

// makePlatform opens a place, and makes the folder where there is none. Containers are Terraform's to make.
func makePlatform(ctx context.Context, place, named string) (platform.Platform, error) {
	return openWith(place, named, local.Open, func(place string) (platform.Platform, error) {
		return onAzure().OpenExisting(ctx, place)
	})
}

func openWith(place, named string, folder, container func(string) (platform.Platform, error)) (platform.Platform, error) {
	open, at := container, place
	if !mlops.OnAzure(place) {
		path, err := folderOf(place, named)
		if err != nil {
			return platform.Platform{}, err
		}
		open, at = folder, path
	} else if _, err := mlops.ParseAzurePlace(place); err != nil {
		return platform.Platform{}, usageError("%s: %v", named, err)
	}
	on, err := open(at)
	if errors.Is(err, mlops.ErrNotFound) {
		return on, noProject(at)
	}
	if err != nil {
		return on, fmt.Errorf("project at %s: %w", at, err)
	}
	return on, nil
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

// lastWords is how long a program that ends waits for its measurements to be taken. What is not, waits for the next one.
const lastWords = 5 * time.Second

func endTelemetry(in platform.Platform) {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	_ = in.CloseTelemetry(ctx) // numbers are a view that may be lost
}
