package workload

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,150}[a-z0-9])?$`)

// CheckName refuses kinds that are none and names that could leave their folder or are no part of a DNS name.
func CheckName(kind Kind, name string) error {
	if !slices.Contains(Kinds, kind) {
		return fmt.Errorf("%w: workload kind %q is not one of %v", mlops.ErrInvalid, kind, Kinds)
	}
	if !namePattern.MatchString(name) {
		return fmt.Errorf("%w: workload name %q: use lower-case letters, digits and hyphens", mlops.ErrInvalid, name)
	}
	return nil
}

// Check refuses what no platform could run, as mlops.ErrInvalid.
func (m Manifest) Check() error {
	if err := CheckName(m.Kind, m.Name); err != nil {
		return err
	}
	switch {
	case m.Kind == KindService && m.Service != nil:
		return m.Service.check()
	case m.Kind == KindJob && m.Job != nil:
		return m.Job.Pod.check()
	case m.Kind == KindSchedule && m.Schedule != nil:
		if _, err := mlops.ParseSchedule(m.Schedule.Cron, m.Schedule.TimeZone); err != nil {
			return err
		}
		return m.Schedule.Job.Pod.check()
	default:
		return fmt.Errorf("%w: a manifest of kind %s does not say what to run", mlops.ErrInvalid, m.Kind)
	}
}

func (s Service) check() error {
	if s.Replicas < 0 || s.Replicas > mlops.MaximumReplicas {
		return fmt.Errorf("%w: replicas %d: choose 0 to %d", mlops.ErrInvalid, s.Replicas, mlops.MaximumReplicas)
	}
	ports := s.Pod.PortNames()
	if s.Port != "" && !slices.Contains(ports, s.Port) {
		return fmt.Errorf("%w: no container lists the port %q; there are %v", mlops.ErrInvalid, s.Port, ports)
	}
	if s.HealthPath != "" && !slices.Contains(ports, s.HealthPort) {
		return fmt.Errorf("%w: no container lists the health port %q; there are %v", mlops.ErrInvalid, s.HealthPort, ports)
	}
	return s.Pod.check()
}

func (p Pod) check() error {
	if len(p.Containers) == 0 {
		return fmt.Errorf("%w: a pod has no containers", mlops.ErrInvalid)
	}
	seen := map[string]bool{}
	for _, container := range slices.Concat(p.Init, p.Containers) {
		switch {
		case !namePattern.MatchString(container.Name):
			return fmt.Errorf("%w: container name %q: use lower-case letters, digits and hyphens", mlops.ErrInvalid, container.Name)
		case seen[container.Name]:
			return fmt.Errorf("%w: two containers are named %q", mlops.ErrInvalid, container.Name)
		case len(container.Command) == 0 || container.Command[0] == "":
			return fmt.Errorf("%w: container %q has no command", mlops.ErrInvalid, container.Name)
		}
		seen[container.Name] = true
	}
	return nil
}

// PortNames lists the named ports of a pod, each once, as its containers list them.
func (p Pod) PortNames() []string {
	var names []string
	for _, container := range slices.Concat(p.Init, p.Containers) {
		for _, name := range container.Ports {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
