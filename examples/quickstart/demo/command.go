//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// quiet runs a command in the workspace and returns what it printed on standard output. Everything goes into a log as well.
func (d *demo) quiet(ctx context.Context, name string, arguments ...string) ([]byte, error) {
	var output, errput bytes.Buffer
	err := d.execute(ctx, &output, &errput, name, arguments)
	return output.Bytes(), err
}

// mlops prints an mlops command, runs it, and prints what it printed, indented.
func (d *demo) mlops(ctx context.Context, arguments ...string) error {
	fmt.Printf("   %s\n", grey("$ "+commandLine("mlops", arguments)))
	var output bytes.Buffer
	err := d.execute(ctx, &output, &output, "mlops", arguments)
	if err == nil {
		printIndented(output.String())
	}
	return err
}

// execute runs one command. Its error holds the end of what it printed, so that a failure explains itself.
func (d *demo) execute(ctx context.Context, output, errput *bytes.Buffer, name string, arguments []string) error {
	path := name
	if own := filepath.Join(d.bin, name); exists(own) {
		path = own
	}
	command := exec.CommandContext(ctx, path, arguments...) //nolint:gosec // the demo's own commands
	command.Dir, command.Env = d.work, d.environment()
	command.Stdout, command.Stderr = output, errput
	err := command.Run()
	d.commands++
	log := filepath.Join(d.logs, fmt.Sprintf("%03d-%s.log", d.commands, filepath.Base(name)))
	text := commandLine(name, arguments) + "\n" + output.String()
	if errput != output {
		text += errput.String()
	}
	if writeErr := os.WriteFile(log, []byte(text), 0o644); writeErr != nil {
		return writeErr
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", commandLine(name, arguments), err, ending(text, 25))
	}
	return nil
}

// query runs an mlops command with --json and reads its answer into value.
func (d *demo) query(ctx context.Context, value any, arguments ...string) error {
	output, err := d.quiet(ctx, "mlops", append(arguments, "--json")...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(output, value); err != nil {
		return fmt.Errorf("mlops %s --json: %w: %.300s", strings.Join(arguments, " "), err, output)
	}
	return nil
}

// apply applies the quickstart with the demo's cool-down and prints only what decides.
func (d *demo) apply(ctx context.Context, varFiles ...string) error {
	arguments := []string{"apply", "-auto-approve", "-no-color", "-input=false", "-compact-warnings"}
	for _, file := range varFiles {
		arguments = append(arguments, "-var-file="+file)
	}
	return d.terraformShown(ctx, arguments)
}

// terraformShown runs terraform and prints the lines of its output that say what was done.
func (d *demo) terraformShown(ctx context.Context, arguments []string) error {
	fmt.Printf("   %s\n", grey("$ "+commandLine(filepath.Base(d.terraform), arguments)))
	output, err := d.quiet(ctx, d.terraform, arguments...)
	for line := range strings.Lines(string(output)) {
		for _, start := range []string{"Plan:", "No changes.", "Apply complete!", "endpoint_url"} {
			if strings.HasPrefix(line, start) {
				printIndented(line)
			}
		}
	}
	return err
}

// exitCode is the code of a command that ended by itself, 0 where there was no error.
func exitCode(err error) int {
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		return exit.ExitCode()
	}
	return 0
}

func commandLine(name string, arguments []string) string {
	words := []string{filepath.Base(name)}
	for _, argument := range arguments {
		if strings.ContainsAny(argument, " \"'") {
			argument = "'" + argument + "'"
		}
		words = append(words, argument)
	}
	return strings.Join(words, " ")
}

func printIndented(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		fmt.Print("     " + line)
	}
}

// ending is the last lines of a text.
func ending(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
