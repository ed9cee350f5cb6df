package local

import (
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// expander puts this pod's own values in the place of placeholders.
func expander(record podRecord, dir podDir, ports map[string]int, agent bool) *strings.Replacer {
	pairs := []string{workload.SharedDir, dir.shared(), workload.Instance, record.Name, workload.ListenHost, "127.0.0.1"}
	for name, port := range ports {
		pairs = append(pairs, workload.PortOf(name), strconv.Itoa(port))
	}
	if agent { // a user's container is not told where the store is, nor what other pods have left
		pairs = append(pairs, workload.Place, record.Place)
	}
	if agent && record.service() {
		pairs = append(pairs, workload.StateDir, dir.runner().state(record.Workload))
	}
	return strings.NewReplacer(pairs...)
}

// environment is everything that a container sees. An agent container inherits what the runner has (proxies, credentials
// of its owner); a user's container gets what the contract promises and nothing else.
func environment(container workload.Container, record podRecord, dir podDir, expand *strings.Replacer, inherited []string) []string {
	var env []string
	if container.Agent {
		env = append(env, inherited...)
	} else {
		env = append(env, "PATH="+record.Path, "HOME="+dir.home(), "LANG="+language(inherited))
	}
	for name, value := range container.Env {
		env = append(env, name+"="+expand.Replace(value)) // the last of a name counts, see exec.Cmd.Env
	}
	// The pod's own, whatever else was said: it is also how a process that was left behind is known.
	return append(env, "TMPDIR="+dir.tmp())
}

// language is the runner's own, so that text is read and written in the encoding that its owner uses.
func language(inherited []string) string {
	for _, variable := range inherited {
		if value, ok := strings.CutPrefix(variable, "LANG="); ok {
			return value
		}
	}
	return "C.UTF-8"
}

// arguments is the command line of a container with every placeholder replaced.
func arguments(container workload.Container, expand *strings.Replacer) []string {
	args := make([]string, len(container.Command))
	for i, argument := range container.Command {
		args[i] = expand.Replace(argument)
	}
	return args
}
