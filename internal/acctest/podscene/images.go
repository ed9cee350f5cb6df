package podscene

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/image"
)

// Images of the scene. Both releases of the model are the same program: which one is buggy is a parameter's doing.
const (
	AgentImage  = "mlops:demo"
	ReplayImage = "flight-delay-replay:1.0.0"
)

var modelImages = []string{"flight-delay:1.0.0", "flight-delay:1.1.0"}

const module = "github.com/terraform-mlops/terraform-provider-mlops"

// WriteImages builds the programs of the repository that this one was built from, and writes an image of each: the agent,
// the quickstart's model, and the same with the quickstart's days in /data, to replay them. It returns the files.
func WriteImages(ctx context.Context, folder string, say func(string)) ([]string, error) {
	say("images of mlops and flight-delay, from their programs alone")
	mlops, err := build(ctx, folder, "mlops", "internal/cmd/mlops")
	if err != nil {
		return nil, err
	}
	model, err := build(ctx, folder, "flight-delay", "examples/quickstart/flight-delay")
	if err != nil {
		return nil, err
	}
	data, err := days(ctx)
	if err != nil {
		return nil, err
	}
	var files []string
	for name, of := range map[string]image.Image{
		"mlops":               {Names: []string{AgentImage}, Program: mlops},
		"flight-delay":        {Names: modelImages, Program: model},
		"flight-delay-replay": {Names: []string{ReplayImage}, Program: model, Files: data},
	} {
		file := filepath.Join(folder, name+".tar")
		if err := image.Write(file, of); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

func build(ctx context.Context, folder, name, of string) (string, error) {
	program := filepath.Join(folder, name)
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, module+"/"+of)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", name, err, output)
	}
	return program, nil
}

// days are the quickstart's data by their path in the image.
func days(ctx context.Context) (map[string]string, error) {
	output, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", module+"/examples/quickstart/flight-delay").Output()
	if err != nil {
		return nil, fmt.Errorf("where the quickstart is: %w", err)
	}
	quickstart := filepath.Dir(strings.TrimSpace(string(output)))
	files := map[string]string{}
	for _, pattern := range []string{"data/*.csv", "data/days/*.csv"} {
		found, err := filepath.Glob(filepath.Join(quickstart, pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			files[strings.TrimPrefix(file, quickstart)] = file
		}
	}
	if len(files) == 0 {
		return nil, errors.New("the quickstart has no data")
	}
	return files, nil
}
