//go:build linux

package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	hierarchies = "/sys/fs/cgroup"
	// unified is where version 2 stands beside the hierarchies of version 1: runc makes groups there, too.
	unified = "unified"
)

// cgroup is where the node's pods are accounted, as a path within each hierarchy.
func (n *Node) cgroup() string { return "/" + filepath.Base(n.dir) }

// makeCgroups makes the node's group in every hierarchy, which kubelet does not do itself. With cgroup v2 there is one.
func (n *Node) makeCgroups() error {
	for _, hierarchy := range controllers() {
		group := filepath.Join(hierarchy, n.cgroup())
		if err := os.MkdirAll(group, 0o755); err != nil {
			return err
		}
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
			inherited, err := os.ReadFile(filepath.Join(hierarchy, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue // another hierarchy than cpuset's
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(group, name), inherited, 0o644)
			}
			if err != nil {
				return fmt.Errorf("cgroup of the node: %w", err)
			}
		}
	}
	return nil
}

// controllers are the roots of the hierarchies of this machine.
func controllers() []string {
	if _, err := os.Stat(filepath.Join(hierarchies, "cgroup.controllers")); err == nil {
		return []string{hierarchies}
	}
	entries, _ := os.ReadDir(hierarchies)
	var roots []string
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != unified {
			roots = append(roots, filepath.Join(hierarchies, entry.Name()))
		}
	}
	return roots
}

// removeCgroups removes what makeCgroups made and what kubelet made in it: nothing runs there any more, but the kernel may
// need a moment to see that.
func (n *Node) removeCgroups() error {
	var faults []error
	for _, hierarchy := range append(controllers(), filepath.Join(hierarchies, unified)) {
		group := filepath.Join(hierarchy, n.cgroup())
		var err error
		for range 100 {
			if err = removeGroup(group); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// removeGroup removes a group and those in it, the deepest first; a group's files go with it.
func removeGroup(group string) error {
	var groups []string
	err := filepath.WalkDir(group, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	for i := len(groups) - 1; i >= 0 && err == nil; i-- {
		if err = os.Remove(groups[i]); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil && strings.Contains(err.Error(), "busy") {
		return fmt.Errorf("processes are left in %s: %w", group, err)
	}
	return err
}
