// Command podscene holds a scene for `make demo-cluster`: it makes an Azure of fakes and a cluster with real pods, prints one
// line of JSON that says what there is, and ends all of it when its standard input ends. It must not know the demo.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/podscene"
)

// described is what the caller is told.
type described struct {
	Environment map[string]string `json:"environment"` // of programs on this machine
	Azure       map[string]any    `json:"azure"`       // the project's block
	Place       string            `json:"place"`       // of a project of that name
	Principal   string            `json:"principal"`   // object id of whom that environment is
	Kubeconfig  string            `json:"kubeconfig"`
	Namespace   string            `json:"namespace"`
	ReplayImage string            `json:"replay_image"`
}

func main() {
	folder := flag.String("folder", "", "an empty folder to write to")
	name := flag.String("name", "flights", "name of the project, its container and its namespace")
	images := flag.Bool("images", false, "write the images into the folder and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *folder, *name, *images); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder, name string, images bool) error {
	say := func(text string) { fmt.Fprintln(os.Stderr, text) }
	if folder == "" {
		return errors.New("-folder is missing")
	}
	if images {
		files, err := podscene.WriteImages(ctx, folder, say)
		for _, file := range files {
			fmt.Println(file)
		}
		return err
	}
	scene, err := podscene.Start(ctx, podscene.Options{
		Folder: folder, Namespace: name, Kubeconfig: os.Getenv("KUBECONFIG"), Address: os.Getenv("DEMO_ADDRESS"), Say: say,
	})
	if err != nil {
		return err
	}
	err = json.NewEncoder(os.Stdout).Encode(described{
		Environment: scene.Environment(), Azure: scene.Azure(), Place: scene.Place(name), Principal: scene.Terraform.ObjectID, Kubeconfig: scene.Kubeconfig,
		Namespace: name, ReplayImage: podscene.ReplayImage,
	})
	if err == nil {
		ended := make(chan struct{})
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			close(ended)
		}()
		select {
		case <-ended:
		case <-ctx.Done():
		}
	}
	return errors.Join(err, scene.Stop())
}
