//go:build linux

package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/image"
)

// Import puts an image from a file, as package image writes it, into the node, under the names that stand in the file.
func (n *Node) Import(ctx context.Context, file string) error {
	output, err := n.inside(ctx, "ctr", "--namespace", "k8s.io", "images", "import", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("import of image %s: %w: %s", filepath.Base(file), err, output)
	}
	return nil
}

// importPause builds the image that every pod begins with.
func (n *Node) importPause(ctx context.Context) error {
	program := n.path("pause")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/node/pause")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build pause: %w: %s", err, output)
	}
	file := n.path("pause.tar")
	if err := image.Write(file, image.Image{Names: []string{PauseImage}, Program: program}); err != nil {
		return err
	}
	return n.Import(ctx, file)
}

// Kill kills the first process of a container, as the kernel does that runs out of memory. Its id is the one of the pod's
// status, "containerd://<id>".
func (n *Node) Kill(ctx context.Context, id string) error {
	id = strings.TrimPrefix(id, "containerd://")
	output, err := n.inside(ctx, "ctr", "--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", id).CombinedOutput()
	if err != nil {
		return fmt.Errorf("kill container %s: %w: %s", id, err, output)
	}
	return nil
}
