//go:build linux || darwin

package local

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// What a service keeps in its state folder outlives every pod, and the service itself until somebody has taken it.
func TestStateOutlivesPodsAndGoesWithTheService(t *testing.T) {
	b := newBench(t)
	note := filepath.Join(b.client.folder.state("model"), "left", "note.json")
	manifest := service("model", 1, 1)
	manifest.Service.Pod.Init = []workload.Container{
		{Name: "note", Agent: true, Command: []string{"agent", "keep", workload.StateDir + "/left/note.json"}},
		{Name: "user", Command: []string{"program", "keep", b.dir + "/seen" + workload.StateDir}},
	}
	b.start()
	b.apply(manifest)
	live := b.awaitRolledOut("model")
	for pid := range pids(live) {
		killProcess(t, pid)
	}
	b.awaitLive(workload.KindService, "model", "another pod", func(l workload.Live) bool { return l.RolledOut() && !pids(live)[l.Status.Replicas[0].PID] })
	if _, err := os.Stat(note); err != nil {
		t.Errorf("what the first pod left is gone: %v", err)
	}
	if _, err := os.Stat(b.dir + "/seen" + workload.StateDir); err != nil {
		t.Errorf("a user's container is told where the state is: %v", err)
	}
	if err := b.client.Delete(t.Context(), workload.KindService, "model", ""); err != nil {
		t.Fatal(err)
	}
	b.await("the pod ends", func() bool { return b.podStatus("model").Phase.done() })
	if _, err := os.Stat(note); err != nil {
		t.Errorf("what nobody has taken is gone: %v", err)
	}
	if err := os.Remove(note); err != nil {
		t.Fatal(err)
	}
	b.await("the empty folder goes", func() bool { _, err := os.Stat(b.client.folder.state("model")); return os.IsNotExist(err) })
}
