package kube

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const (
	followEvery = time.Second
	longestLine = 1 << 20
)

// Logs implements platform.Workloads: pod by pod as they were made, and container by container as they start. Following
// mixes lines of what runs at once, and takes up pods that are made meanwhile.
func (c *Client) Logs(ctx context.Context, kind workload.Kind, name string, follow bool, to io.Writer) error {
	if err := workload.CheckName(kind, name); err != nil {
		return err
	}
	objectName := c.placement.objectName(kind, name)
	found, err := c.podsOf(ctx, kind, objectName)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		if _, err := c.api.get(ctx, primaryResources[kind], objectName); err != nil {
			return fmt.Errorf("workload %s/%s: %w", kind, name, err)
		}
	}
	if !follow {
		for i := range found {
			for _, container := range logged(&found[i]) {
				if err := c.copyLog(ctx, &found[i], container, false, to); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return c.followLogs(ctx, kind, objectName, to)
}

// logged are the containers of a pod that have said something, or may have.
func logged(pod *corev1.Pod) []string {
	var names []string
	for _, status := range statuses(pod) {
		if status.State.Waiting == nil || status.RestartCount > 0 {
			names = append(names, status.Name)
		}
	}
	return names
}

func (c *Client) followLogs(ctx context.Context, kind workload.Kind, objectName string, to io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	shared := &lockedWriter{to: to}
	var wait sync.WaitGroup
	defer wait.Wait()
	var followed []string
	for {
		found, err := c.podsOf(ctx, kind, objectName)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for i := range found {
			for _, container := range logged(&found[i]) {
				key := string(found[i].UID) + "/" + container
				if slices.Contains(followed, key) {
					continue
				}
				followed = append(followed, key)
				wait.Go(func() {
					if err := c.copyLog(ctx, &found[i], container, true, shared); err != nil {
						cancel(err)
					}
				})
			}
		}
		select {
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
				return cause
			}
			return nil
		case <-time.After(followEvery):
		}
	}
}

// copyLog copies what one container wrote, each line marked. A log that nobody has (any more) is no error; a writer that
// fails is.
func (c *Client) copyLog(ctx context.Context, pod *corev1.Pod, container string, follow bool, to io.Writer) error {
	stream, err := c.api.open(ctx, c.api.path(pods, pod.Name)+"/log", url.Values{
		"container": {container}, "follow": {strconv.FormatBool(follow)},
	})
	if err != nil {
		if explained := c.api.explain(err, pods, pod.Name); ctx.Err() == nil && !errors.Is(explained, mlops.ErrNotFound) {
			_, err := fmt.Fprintf(to, "%s %s | (no log: %v)\n", pod.Name, container, explained)
			return err
		}
		return nil
	}
	defer stream.Close()
	lines := bufio.NewReaderSize(stream, longestLine)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			if line[len(line)-1] == '\n' {
				line = line[:len(line)-1]
			}
			if _, err := fmt.Fprintf(to, "%s %s | %s\n", pod.Name, container, line); err != nil {
				return err
			}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil //nolint:nilerr // its end, or a connection that broke: what there is was copied
		}
	}
}

// lockedWriter keeps lines whole.
type lockedWriter struct {
	lock sync.Mutex
	to   io.Writer
}

func (w *lockedWriter) Write(content []byte) (int, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.to.Write(content)
}
