package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Exit codes of every command.
const (
	exitFailed       = 1 // an error, or a request that was refused
	exitUsage        = 2 // the command line cannot mean anything
	exitNothingFound = 3 // what was asked about does not exist
)

// usageError ends the program with the code for a wrong command line.
func usageError(format string, values ...any) error {
	return exitError{code: exitUsage, message: fmt.Sprintf(format, values...)}
}

// nothingFound ends the program with the code for something that does not exist.
func nothingFound(format string, values ...any) error {
	return exitError{code: exitNothingFound, message: fmt.Sprintf(format, values...)}
}

// found gives an error about a thing that does not exist, or that cannot be meant, the exit code of its kind.
func found(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mlops.ErrNotFound):
		return exitError{code: exitNothingFound, message: err.Error()}
	case errors.Is(err, mlops.ErrInvalid):
		return exitError{code: exitUsage, message: err.Error()}
	default:
		return err
	}
}

// takes accepts exactly the named arguments, in this order; a name in brackets may be left out.
func takes(names ...string) cobra.PositionalArgs {
	required := 0
	for _, name := range names {
		if !strings.HasPrefix(name, "[") {
			required++
		}
	}
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < required {
			return usageError("name the %s: %s (see %s --help)", names[len(args)], cmd.UseLine(), cmd.CommandPath())
		}
		if len(args) > len(names) {
			return usageError("%q is not expected here: %s (see %s --help)", args[len(names)], cmd.UseLine(), cmd.CommandPath())
		}
		return nil
	}
}

// group is a command that only holds others: alone it prints its help, with an unknown word it is a usage error.
func group(command *cobra.Command, children ...func() *cobra.Command) *cobra.Command {
	command.Args = cobra.ArbitraryArgs
	command.SuggestionsMinimumDistance = 2
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		meant := ""
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			meant = "; did you mean " + strings.Join(near, " or ") + "?"
		}
		return usageError("%q is no command of %s%s (see %s --help)", args[0], cmd.CommandPath(), meant, cmd.CommandPath())
	}
	for _, child := range children {
		command.AddCommand(child())
	}
	return command
}
