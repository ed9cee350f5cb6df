//go:build linux

package loop

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// process is one that belongs to a scene.
type process struct {
	pid, parent int
	arguments   []string
	pod         string // whose container it is; "" for what is no container
}

func (p process) String() string {
	return fmt.Sprintf("%d (of %d, pod %q): %s", p.pid, p.parent, p.pod, strings.Join(p.arguments, " "))
}

// is says whether the process is such a program with such a first argument.
func (p process) is(program, first string) bool {
	return len(p.arguments) > 1 && filepath.Base(p.arguments[0]) == program && p.arguments[1] == first
}

func (p process) runner() bool {
	return p.is("mlops", "local") && !slices.Contains(p.arguments, "stop")
}

// processes finds all processes of the scene: those that carry its path in arguments or environment.
func (s *scene) processes() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		s.t.Fatal(err)
	}
	var found []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		dir := filepath.Join("/proc", entry.Name())
		arguments, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		environment, _ := os.ReadFile(filepath.Join(dir, "environ"))
		stat, _ := os.ReadFile(filepath.Join(dir, "stat"))
		if !bytes.Contains(arguments, []byte(s.root)) && !bytes.Contains(environment, []byte(s.root)) {
			continue // of others, or gone since
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		found = append(found, process{
			pid: pid, parent: parent, pod: podOf(environment),
			arguments: strings.Split(strings.TrimSuffix(string(arguments), "\x00"), "\x00"),
		})
	}
	return found
}

// podOf reads from a container's environment whose it is: its temporary folder is pods/<pod>/tmp.
func podOf(environment []byte) string {
	pod := ""
	for variable := range bytes.SplitSeq(environment, []byte{0}) { // the last of a name counts
		if path, ok := bytes.CutPrefix(variable, []byte("TMPDIR=")); ok && filepath.Base(filepath.Dir(filepath.Dir(string(path)))) == "pods" {
			pod = filepath.Base(filepath.Dir(string(path)))
		}
	}
	return pod
}

// having are the processes of the scene for which a condition holds.
func (s *scene) having(condition func(process) bool) []process {
	return slices.DeleteFunc(s.processes(), func(p process) bool { return !condition(p) })
}

// twice names what runs more than once of what may run once only: runner, controller, and each container of each pod.
func twice(all []process) []string {
	pids := map[int]bool{}
	for _, p := range all {
		pids[p.pid] = true
	}
	count := map[string]int{}
	for _, p := range all {
		switch {
		case p.runner():
			count["runner"]++
		case p.pod != "" && p.is("mlops", "control"):
			count["controller"]++
		case p.pod != "" && len(p.arguments) > 1:
			count[p.pod+" "+filepath.Base(p.arguments[0])+" "+p.arguments[1]]++
		}
	}
	// Between fork and exec a child still looks like its parent.
	for _, p := range all {
		if p.runner() && slices.ContainsFunc(all, func(other process) bool { return other.pid == p.parent && other.runner() }) {
			count["runner"]--
		}
	}
	var found []string
	for what, n := range count {
		if n > 1 {
			found = append(found, fmt.Sprintf("%s %d times", what, n))
		}
	}
	return found
}

// guard looks at the scene's processes again and again until the test ends, and fails it where there are two of one thing.
func (s *scene) guard() {
	done := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
			all := s.processes()
			if found := twice(all); len(found) > 0 {
				s.t.Errorf("at one moment: %v\n%v", found, all)
				return
			}
		}
	})
	s.t.Cleanup(func() {
		close(done)
		looking.Wait()
	})
}
