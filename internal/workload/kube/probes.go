package kube

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const (
	// drainSeconds is how long a pod still answers after it was told to go: whoever sends it requests hears of it later
	// than the pod does.
	drainSeconds = 5

	// agentProgram is on the PATH of the agent's image, whatever its entry point is.
	agentProgram = "mlops"

	probePeriodSeconds    = 2
	probeTimeoutSeconds   = 5
	readyFailures         = 3
	livenessPeriodSeconds = 10
	livenessFailures      = 6
)

// watch adds the probes of a service and its drain. Readiness is asked of the container that has the health port: behind a
// collector that is the whole way to the model. Whether the model lives is asked the same way, but of the model's own
// container (the last), so that a model that hangs is what is started anew; a collector that waited for the model's start
// would keep it from starting.
func (r *podRenderer) watch(rendered *coreapply.ContainerApplyConfiguration, declared workload.Container, last bool) {
	if r.service.HealthPath != "" {
		for _, port := range declared.Ports {
			if port == r.service.HealthPort {
				rendered.WithReadinessProbe(r.probe(probePeriodSeconds, readyFailures))
			}
		}
		if last {
			starts := max(seconds(r.service.ReadyTimeout)/probePeriodSeconds, 1)
			rendered.WithStartupProbe(r.probe(probePeriodSeconds, int32(starts))).
				WithLivenessProbe(r.probe(livenessPeriodSeconds, livenessFailures))
		}
	}
	if len(declared.Leave) > 0 {
		leave := make([]string, len(declared.Leave))
		for i, argument := range declared.Leave {
			leave[i] = r.expander(declared).Replace(argument)
		}
		// A sidecar's hook runs at once, though the sidecar itself is stopped last.
		exec := coreapply.ExecAction().WithCommand(append([]string{agentProgram}, leave...)...)
		rendered.WithLifecycle(coreapply.Lifecycle().WithPreStop(coreapply.LifecycleHandler().WithExec(exec)))
	}
	if last && r.service.Port != "" {
		sleep := coreapply.SleepAction().WithSeconds(drainSeconds)
		rendered.WithLifecycle(coreapply.Lifecycle().WithPreStop(coreapply.LifecycleHandler().WithSleep(sleep)))
	}
}

func (r *podRenderer) probe(period, failures int32) *coreapply.ProbeApplyConfiguration {
	return coreapply.Probe().WithPeriodSeconds(period).WithTimeoutSeconds(probeTimeoutSeconds).WithFailureThreshold(failures).
		WithHTTPGet(coreapply.HTTPGetAction().WithPath(r.service.HealthPath).WithScheme(corev1.URISchemeHTTP).
			WithPort(intstr.FromInt32(r.ports[r.service.HealthPort])))
}

// seconds rounds up: zero would mean at once.
func seconds(d mlops.Duration) int64 {
	return max(int64((d.Std()+time.Second-1)/time.Second), 1)
}
