//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cluster is where `make demo-cluster` plays: real pods in a cluster, beside an Azure of fakes. A program of the repository
// holds all of it for as long as its standard input is open.
type cluster struct {
	scene  scene
	holder *exec.Cmd
	input  io.Closer
	exited chan struct{} // closed when the holder has ended
	pods   *pods
}

// scene is what the holder says that there is.
type scene struct {
	Environment map[string]string `json:"environment"`
	Azure       json.RawMessage   `json:"azure"`
	Place       string            `json:"place"`
	Principal   string            `json:"principal"`
	Kubeconfig  string            `json:"kubeconfig"`
	Namespace   string            `json:"namespace"`
	ReplayImage string            `json:"replay_image"`
}

// What the quickstart says of one machine, and what it says in a cluster: nothing else differs.
var (
	onOneMachine = []string{
		`local = { path = ".mlops", port = var.port } # or: azure = { ... }`,
		"replicas        = 2",
		`mlops_engineer = { email = "ml-platform@example.com" }`,
	}
	inCluster = []string{
		"azure = var.azure",
		"replicas        = 2\n  resources       = { cpu = \"250m\", memory = \"128Mi\" }",
		`mlops_engineer = { email = "ml-platform@example.com", principal_id = var.principal_id, principal_type = "ServicePrincipal" }`,
	}
)

const variables = `variable "azure" {
  description = "Where the project lives in Azure."
  type        = any
}

variable "principal_id" {
  description = "Object id of the owner who approves."
  type        = string
}
`

// start runs the holder and waits until there is a cluster, which takes seconds once its parts were built.
func (c *cluster) start(ctx context.Context, d *demo) error {
	fmt.Printf("%s\n", grey("$ podscene &"))
	folder := filepath.Join(filepath.Dir(d.work), "scene")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	c.holder = exec.Command(filepath.Join(d.bin, "podscene"), "-folder", folder) //nolint:gosec // built a moment ago
	c.holder.Dir, c.holder.Stderr, c.exited = d.top, indented{os.Stdout}, make(chan struct{})
	c.holder.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the demo, which stops it in order
	var err error
	if c.input, err = c.holder.StdinPipe(); err != nil {
		return err
	}
	output, err := c.holder.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.holder.Start(); err != nil {
		return fmt.Errorf("start podscene: %w", err)
	}
	line, errRead := bufio.NewReader(output).ReadBytes('\n')
	go func() {
		_ = c.holder.Wait() // its state says how it went
		close(c.exited)
	}()
	if errRead != nil || ctx.Err() != nil {
		return errors.Join(errors.New("there is no cluster"), ctx.Err(), c.stop())
	}
	if err := json.Unmarshal(line, &c.scene); err != nil {
		return fmt.Errorf("podscene: %w: %.300s", err, line)
	}
	if c.pods, err = newPods(c.scene); err != nil {
		return err
	}
	return c.configure(d)
}

// configure puts azure in the place of local, in the demo's own copy of the quickstart.
func (c *cluster) configure(d *demo) error {
	file := filepath.Join(d.work, "main.tf")
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := string(content)
	for i, old := range onOneMachine {
		if !strings.Contains(text, old) {
			return fmt.Errorf("%s has no %q any more", file, old)
		}
		text = strings.Replace(text, old, inCluster[i], 1)
	}
	values, err := json.Marshal(map[string]any{"azure": c.scene.Azure, "principal_id": c.scene.Principal})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(file, []byte(text+"\n"+variables), 0o644),
		os.WriteFile(filepath.Join(d.work, "azure.auto.tfvars.json"), values, 0o644),
	)
}

// environment is what commands on this machine see of the scene.
func (c *cluster) environment() []string {
	all := []string{"MLOPS_PROJECT=" + c.scene.Place}
	for name, value := range c.scene.Environment {
		all = append(all, name+"="+value)
	}
	return all
}

// alive says why nothing can come any more.
func (c *cluster) alive() error {
	select {
	case <-c.exited:
		return fmt.Errorf("podscene has ended (%s)", c.holder.ProcessState)
	default:
		return nil
	}
}

// stop ends the scene and with it the cluster.
func (c *cluster) stop() error {
	if c.holder == nil {
		return nil
	}
	_ = c.input.Close()
	select {
	case <-c.exited:
	case <-time.After(time.Minute):
		_ = c.holder.Process.Kill()
		<-c.exited
		return errors.New("podscene did not end within a minute, and was killed")
	}
	if !c.holder.ProcessState.Success() {
		return fmt.Errorf("podscene: %s", c.holder.ProcessState)
	}
	return nil
}

// address is where pods call a service: by its address, for a small cluster has no names.
func (c *cluster) address(ctx context.Context, endpoint string) (string, error) {
	at, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	service, _, _ := strings.Cut(at.Hostname(), ".")
	if at.Host, err = c.pods.serviceAddress(ctx, service); err != nil {
		return "", err
	}
	return at.String(), nil
}

// replay runs the arguments of flight-delay in a pod, and returns what it printed.
func (c *cluster) replay(ctx context.Context, arguments []string) ([]byte, error) {
	replay, err := c.pods.start(ctx, inImage(arguments))
	if err != nil {
		return nil, err
	}
	return replay.ended(ctx)
}

// inImage are the arguments with the data where the image has it.
func inImage(arguments []string) []string {
	arguments = slices.Clone(arguments)
	for i, argument := range arguments {
		if strings.HasPrefix(argument, "data"+string(filepath.Separator)) {
			arguments[i] = "/" + argument
		}
	}
	return arguments
}

// fetch copies the project into a folder, to look at documents that no command shows.
func (c *cluster) fetch(ctx context.Context, d *demo) error {
	if err := os.RemoveAll(d.project); err != nil {
		return err
	}
	_, err := d.quiet(ctx, "mlops", "project", "copy", c.scene.Place, d.project)
	return err
}

// indented writes what a program says as the demo's own words.
type indented struct{ to io.Writer }

func (i indented) Write(content []byte) (int, error) {
	for line := range strings.Lines(string(content)) {
		if _, err := fmt.Fprint(i.to, "     "+line); err != nil {
			return 0, err
		}
	}
	return len(content), nil
}
