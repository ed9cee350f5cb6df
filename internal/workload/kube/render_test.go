package kube

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

func testPlacement() Placement {
	return Placement{
		Project: "flights", Namespace: "mlops-flights", AgentImage: "registry.example/mlops:1.0.0",
		Place:  "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/flights",
		Labels: map[string]string{"team": "flights"}, Annotations: map[string]string{"contact": "ml@example.com"},
		ImagePullSecrets: []string{"registry"}, AgentEnvironment: map[string]string{"AZURE_CLOUD": "public"},
		Identities: Identities{Control: "c", Jobs: "j", Serving: "s"},
	}
}

func testDeployment() mlops.Deployment {
	replicas := int64(2)
	return mlops.Deployment{
		Name: "delay", Model: "flight-delay", Alias: mlops.AliasChampion, Replicas: &replicas,
		DataCollection: mlops.DataCollection{Enabled: true, SamplingPercentage: 100},
		RollOut:        mlops.RollOut{Timeout: mlops.Duration(time.Minute)},
	}
}

func testVersion(number int64) mlops.ModelVersion {
	return mlops.ModelVersion{
		Number: number, Output: mlops.Output{ArtifactSHA256: strings.Repeat("ab", 32)},
		Inputs: mlops.Inputs{Code: mlops.Training{
			Image: "flight-delay:1.0.0",
			Serve: mlops.ServeCommand{Command: []string{"flight-delay", "serve"}, ScorePath: "/score", HealthPath: "/healthz"},
		}},
	}
}

func testService() workload.Manifest {
	return workload.Deployment(testDeployment(), testVersion(3), "scheduled_departure", workload.Seen{LogSequence: 7, SpecSequence: 2, Incarnation: "i1"})
}

func testJob(command ...string) workload.Manifest {
	run := mlops.Run{ID: "run-0123456789", Attempt: 1, Inputs: &mlops.Inputs{
		Dataset: "flights", DatasetVersion: 1, Image: "flight-delay:1.0.0",
		Code: mlops.Training{Image: "flight-delay:1.0.0", Train: mlops.JobCommand{Command: command, Timeout: mlops.Duration(time.Hour)}},
	}}
	return workload.Train("flight-delay", run, workload.Seen{LogSequence: 4, SpecSequence: 1, Incarnation: "i2"})
}

func testSchedule() workload.Manifest {
	return workload.Monitor(mlops.DriftMonitor{Name: "delay", Schedule: "*/5 * * * *", TimeZone: "Europe/Berlin"}, workload.Seen{SpecSequence: 1})
}

// decode reads a rendered object as the API server would.
func decode[T any](t *testing.T, object Object) T {
	t.Helper()
	content, err := json.Marshal(object.Fields)
	if err != nil {
		t.Fatal(err)
	}
	var typed T
	if err := json.Unmarshal(content, &typed); err != nil {
		t.Fatal(err)
	}
	return typed
}

func rendered(t *testing.T, manifest workload.Manifest, placement Placement) Rendered {
	t.Helper()
	result, err := Render(manifest, placement)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func containerNamed(t *testing.T, spec corev1.PodSpec, name string) corev1.Container {
	t.Helper()
	for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
		if container.Name == name {
			return container
		}
	}
	t.Fatalf("no container %q", name)
	return corev1.Container{}
}

func names(containers []corev1.Container) string {
	var all []string
	for _, container := range containers {
		all = append(all, container.Name)
	}
	return strings.Join(all, " ")
}

func environmentOf(container corev1.Container) map[string]string {
	values := map[string]string{}
	for _, variable := range container.Env {
		values[variable.Name] = variable.Value
	}
	return values
}

func TestCollectorStartsBeforeTheModelAndEndsAfterIt(t *testing.T) {
	spec := decode[appsv1.Deployment](t, rendered(t, testService(), testPlacement()).Primary).Spec.Template.Spec
	if got := names(spec.InitContainers); got != "fetch collect" {
		t.Fatalf("init containers %q, want fetch collect", got)
	}
	if got := names(spec.Containers); got != "serve" {
		t.Fatalf("containers %q, want serve", got)
	}
	collect := containerNamed(t, spec, "collect")
	if collect.RestartPolicy == nil || *collect.RestartPolicy != corev1.ContainerRestartPolicyAlways {
		t.Error("the collector is no native sidecar")
	}
	if collect.StartupProbe != nil || collect.LivenessProbe != nil {
		t.Error("the collector's start waits for the model, which waits for the collector")
	}
	if collect.Lifecycle == nil || collect.Lifecycle.PreStop == nil || collect.Lifecycle.PreStop.Exec == nil {
		t.Error("nobody tells the collector that its pod goes: clients keep their connections until the model has ended")
	} else if got := strings.Join(collect.Lifecycle.PreStop.Exec.Command, " "); got != "mlops collect leave --at 127.0.0.1:8080" {
		t.Errorf("the collector is told to leave by %q", got)
	}
	if fetch := containerNamed(t, spec, "fetch"); fetch.RestartPolicy != nil {
		t.Error("fetch would never end")
	}
	serve := containerNamed(t, spec, "serve")
	if collect.ReadinessProbe == nil || serve.StartupProbe == nil || serve.LivenessProbe == nil {
		t.Fatal("a pod without probes is sent requests that it cannot answer")
	}
	if port := serve.LivenessProbe.HTTPGet.Port.IntValue(); port != int(collect.Ports[0].ContainerPort) {
		t.Errorf("the model is asked on port %d, where only its pod reaches it", port)
	}
	if env := environmentOf(serve); env["HOST"] != "127.0.0.1" || env["PORT"] != strconv.Itoa(int(serve.Ports[0].ContainerPort)) {
		t.Errorf("%v: the model listens where the collector does not find it", env)
	}
	wal := false
	for _, mount := range collect.VolumeMounts {
		wal = wal || strings.HasPrefix(statePath+"/wal", mount.MountPath+"/") && mount.Name == stateVolume
	}
	if !wal {
		t.Error("the collector's log lies on no volume: a restart would lose it")
	}
}

func TestModelWithoutCollectorIsReachable(t *testing.T) {
	deployment := testDeployment()
	deployment.DataCollection.Enabled = false
	result := rendered(t, workload.Deployment(deployment, testVersion(1), "", workload.Seen{}), testPlacement())
	serve := containerNamed(t, decode[appsv1.Deployment](t, result.Primary).Spec.Template.Spec, "serve")
	if host := environmentOf(serve)["HOST"]; host != "0.0.0.0" || serve.ReadinessProbe == nil {
		t.Errorf("it listens on %q, readiness %v", host, serve.ReadinessProbe)
	}
	for _, object := range result.Secondary {
		if object.Resource == Services {
			if got := decode[corev1.Service](t, object).Spec.Ports[0].TargetPort.IntVal; got != serve.Ports[0].ContainerPort {
				t.Errorf("the address leads to port %d, the model listens on %d", got, serve.Ports[0].ContainerPort)
			}
			return
		}
	}
	t.Error("no address")
}

func TestUserContainersHaveNoIdentity(t *testing.T) {
	for name, manifest := range map[string]workload.Manifest{"service": testService(), "job": testJob("train"), "schedule": testSchedule()} {
		t.Run(name, func(t *testing.T) {
			template := podTemplate(t, rendered(t, manifest, testPlacement()).Primary)
			if automount := template.Spec.AutomountServiceAccountToken; automount == nil || *automount {
				t.Error("the pod gets the token of its service account")
			}
			if template.Labels[labelIdentity] != "true" {
				t.Error("agent containers have no identity")
			}
			skipped := strings.Split(template.Annotations[annotationSkip], ";")
			for _, container := range slices.Concat(template.Spec.InitContainers, template.Spec.Containers) {
				agent := container.Image == testPlacement().AgentImage
				env := environmentOf(container)
				said := strings.Contains(strings.Join(container.Args, " ")+strings.Join(container.Command, " "), testPlacement().Place)
				if !agent && (!slices.Contains(skipped, container.Name) || said || env["AZURE_CLOUD"] != "") {
					t.Errorf("user container %q: not kept from the identity, the store or its settings", container.Name)
				}
				if agent && (slices.Contains(skipped, container.Name) || !said || env["AZURE_CLOUD"] == "") {
					t.Errorf("agent container %q does not reach the store", container.Name)
				}
			}
		})
	}
}

func podTemplate(t *testing.T, object Object) corev1.PodTemplateSpec {
	t.Helper()
	switch object.Resource {
	case Deployments:
		return decode[appsv1.Deployment](t, object).Spec.Template
	case Jobs:
		return decode[batchv1.Job](t, object).Spec.Template
	default:
		return decode[batchv1.CronJob](t, object).Spec.JobTemplate.Spec.Template
	}
}

func TestEveryContainerHasRequestsAndLimits(t *testing.T) {
	deployment := testDeployment()
	deployment.Resources = mlops.Resources{CPU: "1500m", Memory: "2Gi"}
	asked := workload.Deployment(deployment, testVersion(1), "", workload.Seen{})
	for name, manifest := range map[string]workload.Manifest{"service": asked, "job": testJob("train"), "schedule": testSchedule()} {
		spec := podTemplate(t, rendered(t, manifest, testPlacement()).Primary).Spec
		for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
			for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				request, limit := container.Resources.Requests[resource], container.Resources.Limits[resource]
				if request.IsZero() || limit.Cmp(request) < 0 {
					t.Errorf("%s: container %q: %s %s of at most %s", name, container.Name, resource, &request, &limit)
				}
			}
			if memory := container.Resources.Limits.Memory(); name == "service" && container.Name == "serve" && memory.String() != "2Gi" {
				t.Errorf("the model is held to %s, want the 2Gi that were asked for", memory)
			}
		}
	}
}

// A controller that takes alerts has an address; one that takes none has no port.
func TestControllerListensForAlertsWhereItIsTold(t *testing.T) {
	own := mlops.Project{Name: "flights", Azure: &mlops.Azure{}}
	quiet, err := Render(workload.Control(own, workload.Seen{}), testPlacement())
	if err != nil || len(quiet.Secondary) != 0 {
		t.Errorf("%d objects beside the controller, %v", len(quiet.Secondary), err)
	}
	own.Azure.IncomingAlerts = &mlops.AzureIncomingAlerts{TenantID: "tenant", Audiences: []string{"api://mlops", "app"}, Authority: "https://login.example"}
	rendered, err := Render(workload.Control(own, workload.Seen{}), testPlacement())
	if err != nil {
		t.Fatal(err)
	}
	content, err := json.Marshal([]any{rendered.Primary.Fields, rendered.Secondary})
	for _, want := range []string{
		`"--alerts-listen","0.0.0.0:8080","--alerts-tenant","tenant","--alerts-audience","api://mlops","--alerts-audience","app","--alerts-authority","https://login.example"`,
		`"targetPort":8080`, `"containerPort":8080`,
	} {
		if err != nil || !strings.Contains(string(content), want) {
			t.Errorf("no %s in %s (%v)", want, content, err)
		}
	}
}

func TestJobRunsOnce(t *testing.T) {
	job := decode[batchv1.Job](t, rendered(t, testJob("train"), testPlacement()).Primary)
	pod := job.Spec.Template.Spec
	if *job.Spec.BackoffLimit != 0 || pod.RestartPolicy != corev1.RestartPolicyNever {
		t.Error("Kubernetes would make attempts of its own")
	}
	if *pod.ActiveDeadlineSeconds != 3600 || *job.Spec.ActiveDeadlineSeconds <= *pod.ActiveDeadlineSeconds {
		t.Error("the pod's deadline must come first: the job's removes the pod and its log")
	}
	if got := names(pod.InitContainers) + " | " + names(pod.Containers); got != "fetch train | publish" {
		t.Errorf("%s, want fetch train | publish", got)
	}
}

func TestReplicasBelongToTheAutoscaler(t *testing.T) {
	deployment := testDeployment()
	deployment.Replicas, deployment.Autoscaling = nil, &mlops.Autoscaling{Minimum: 2, Maximum: 4, CPUPercent: 70}
	result := rendered(t, workload.Deployment(deployment, testVersion(1), "", workload.Seen{}), testPlacement())
	if replicas := decode[appsv1.Deployment](t, result.Primary).Spec.Replicas; replicas != nil {
		t.Errorf("%d replicas are owned by us too", *replicas)
	}
	for _, object := range result.Secondary {
		if object.Resource == Autoscalers {
			spec := decode[autoscalingv2.HorizontalPodAutoscaler](t, object).Spec
			if *spec.MinReplicas != 2 || spec.MaxReplicas != 4 || spec.ScaleTargetRef.Name != result.Primary.Name {
				t.Errorf("%+v", spec)
			}
			return
		}
	}
	t.Error("no autoscaler")
}

func TestOneMoreReplicaDoesNotRollPods(t *testing.T) {
	one, two, other := testService(), testService(), testService()
	more := *two.Service
	more.Replicas, two.Service, two.LogSequence = 5, &more, 9
	next := workload.Deployment(testDeployment(), testVersion(4), "", workload.Seen{})
	label := func(manifest workload.Manifest) string {
		return podTemplate(t, rendered(t, manifest, testPlacement()).Primary).Labels[labelTemplate]
	}
	if label(one) != label(two) || label(one) != label(other) {
		t.Error("the same pods have other templates")
	}
	if label(one) == label(next) {
		t.Error("another version has the same template")
	}
}

// Kubernetes replaces $(NAME) in arguments; what a user wrote for a shell must come through.
func TestArgumentsReachTheProgramAsTheyAre(t *testing.T) {
	spec := podTemplate(t, rendered(t, testJob("sh", "-c", "echo $(HOME) $$ $HOME $(SHARED_DIR)"), testPlacement()).Primary).Spec
	if got, want := containerNamed(t, spec, "train").Command[2], "echo $$(HOME) $$$$ $$HOME "+sharedPath; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What was trained is served by the code that trained it, whatever its tag names by now.
func TestImagesRunByDigest(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0f", 32)
	for image, want := range map[string]string{
		"flight-delay:1.0.0": "flight-delay:1.0.0@" + digest, "flight-delay": "flight-delay@" + digest, "flight-delay@" + digest: "flight-delay@" + digest,
	} {
		service := testService()
		at := slices.IndexFunc(service.Service.Pod.Containers, func(c workload.Container) bool { return c.Name == "serve" })
		service.Service.Pod.Containers[at].Image, service.Service.Pod.Containers[at].Digest = image, digest
		if got := containerNamed(t, podTemplate(t, rendered(t, service, testPlacement()).Primary).Spec, "serve").Image; got != want {
			t.Errorf("%s runs as %s, want %s", image, got, want)
		}
	}
}

func TestWhatCannotRunIsRefused(t *testing.T) {
	without := func(change func(*Placement)) Placement {
		placement := testPlacement()
		change(&placement)
		return placement
	}
	much := testDeployment()
	much.Resources.CPU = "lots"
	for name, test := range map[string]struct {
		manifest  workload.Manifest
		placement Placement
		says      string
	}{
		"no agent image":   {testService(), without(func(p *Placement) { p.AgentImage = "" }), "agent_image"},
		"no namespace":     {testService(), without(func(p *Placement) { p.Namespace = "" }), "namespace"},
		"no such quantity": {workload.Deployment(much, testVersion(1), "", workload.Seen{}), testPlacement(), "500m"},
		"no kind":          {workload.Manifest{Name: "x"}, testPlacement(), "kind"},
	} {
		if _, err := Render(test.manifest, test.placement); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want ErrInvalid that says %q", name, err, test.says)
		}
	}
}
