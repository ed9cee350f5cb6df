package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	networkapply "k8s.io/client-go/applyconfigurations/networking/v1"
	rbacapply "k8s.io/client-go/applyconfigurations/rbac/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const (
	kindProject = "project"

	annotationClientID = "azure.workload.identity/client-id"
	annotationTenantID = "azure.workload.identity/tenant-id"
)

// ProjectOptions are what a project's own objects need beside their placement.
type ProjectOptions struct {
	// CreateNamespace makes the namespace too, else it is the platform team's.
	CreateNamespace bool
	// EgressPorts are TCP ports beside 443 that agents reach, as of a store at an address of its own.
	EgressPorts []int32
	// IncomingAlerts lets callers reach the controller.
	IncomingAlerts bool
}

// Project says what a project needs in the cluster before its workloads: service accounts with their identities, the rights
// of its controller, and the network that its pods are held to. The controller itself is a workload (workload.Control).
func Project(placement Placement, options ProjectOptions) ([]Object, error) {
	if placement.Namespace == "" || placement.Project == "" {
		return nil, fmt.Errorf("%w: a placement needs a project and a namespace", mlops.ErrInvalid)
	}
	var objects []Object
	var fault error
	add := func(resource Resource, name string, configuration any) {
		object, err := newObject(resource, name, configuration)
		if err != nil && fault == nil {
			fault = err
		}
		objects = append(objects, object)
	}
	if options.CreateNamespace {
		add(Namespaces, placement.Namespace, placement.namespace())
	}
	for _, of := range roles {
		add(ServiceAccounts, placement.roleName(of), placement.serviceAccount(of))
	}
	control := placement.roleName(roleControl)
	role := rbacapply.Role(control, placement.Namespace).WithRules(controlRules()...)
	role.ObjectMetaApplyConfiguration = placement.objectMeta(control, kindProject, nil)
	add(Roles, control, role)
	binding := rbacapply.RoleBinding(control, placement.Namespace).
		WithRoleRef(rbacapply.RoleRef().WithAPIGroup("rbac.authorization.k8s.io").WithKind(Roles.Kind).WithName(control)).
		WithSubjects(rbacapply.Subject().WithKind(ServiceAccounts.Kind).WithNamespace(placement.Namespace).WithName(control))
	binding.ObjectMetaApplyConfiguration = placement.objectMeta(control, kindProject, nil)
	add(RoleBindings, control, binding)
	for _, policy := range placement.networkPolicies(options) {
		add(NetworkPolicies, *policy.Name, policy)
	}
	return objects, fault
}

// namespace holds every pod to the restricted standard, not only ours.
func (p Placement) namespace() *coreapply.NamespaceApplyConfiguration {
	meta := p.objectMeta(p.Namespace, kindProject, nil)
	meta.Namespace = nil
	meta.WithLabels(map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest",
	})
	made := coreapply.Namespace(p.Namespace)
	made.ObjectMetaApplyConfiguration = meta
	return made
}

func (p Placement) serviceAccount(of role) *coreapply.ServiceAccountApplyConfiguration {
	name, annotations := p.roleName(of), map[string]string{}
	if id := p.Identities.clientID(of); id != "" {
		annotations[annotationClientID] = id
		if p.Identities.TenantID != "" {
			annotations[annotationTenantID] = p.Identities.TenantID
		}
	}
	account := coreapply.ServiceAccount(name, p.Namespace).WithAutomountServiceAccountToken(false)
	account.ObjectMetaApplyConfiguration = p.objectMeta(name, kindProject, annotations)
	return account
}

// Subjects are the service accounts that federated credentials name, by role: "system:serviceaccount:<namespace>:<name>".
func (p Placement) Subjects() map[string]string {
	subjects := map[string]string{}
	for _, of := range roles {
		subjects[string(of)] = "system:serviceaccount:" + p.Namespace + ":" + p.roleName(of)
	}
	return subjects
}

// controlRules are what the controller may do, in its own namespace alone: workloads, and to look at their pods. It may
// neither read secrets nor give rights.
func controlRules() []*rbacapply.PolicyRuleApplyConfiguration {
	rule := func(group string, verbs []string, resources ...string) *rbacapply.PolicyRuleApplyConfiguration {
		return rbacapply.PolicyRule().WithAPIGroups(group).WithResources(resources...).WithVerbs(verbs...)
	}
	write := []string{"get", "list", "create", "patch", "delete"}
	return []*rbacapply.PolicyRuleApplyConfiguration{
		rule("apps", write, Deployments.Plural),
		rule("batch", write, Jobs.Plural, CronJobs.Plural),
		rule("autoscaling", write, Autoscalers.Plural),
		rule("policy", write, DisruptionBudgets.Plural),
		rule("", write, Services.Plural),
		rule("", []string{"get", "list"}, pods.Plural, pods.Plural+"/log"),
	}
}

// policyAlerts is the purpose of the one network policy that not every project has.
const policyAlerts = "alerts"

// Addresses that give whoever asks what the machine may have: its identity, its settings.
var metadataAddresses = []string{"169.254.169.254/32", "168.63.129.16/32"}

// networkPolicies let pods of the project reach names and HTTPS, and nothing reach them but what calls a model. The first
// closes all that the others do not open.
func (p Placement) networkPolicies(options ProjectOptions) []*networkapply.NetworkPolicyApplyConfiguration {
	everywhere := []*networkapply.NetworkPolicyPeerApplyConfiguration{
		networkapply.NetworkPolicyPeer().WithIPBlock(networkapply.IPBlock().WithCIDR("0.0.0.0/0").WithExcept(metadataAddresses...)),
		networkapply.NetworkPolicyPeer().WithIPBlock(networkapply.IPBlock().WithCIDR("::/0")),
	}
	names := networkapply.NetworkPolicyEgressRule().WithPorts(policyPort(corev1.ProtocolUDP, 53), policyPort(corev1.ProtocolTCP, 53))
	web := networkapply.NetworkPolicyEgressRule().WithTo(everywhere...).WithPorts(policyPort(corev1.ProtocolTCP, 443))
	for _, port := range options.EgressPorts {
		web.WithPorts(policyPort(corev1.ProtocolTCP, port))
	}
	// An API server that is no load balancer's listens here.
	server := networkapply.NetworkPolicyEgressRule().WithTo(everywhere...).WithPorts(policyPort(corev1.ProtocolTCP, 6443))
	calls := networkapply.NetworkPolicyIngressRule().WithPorts(policyPort(corev1.ProtocolTCP, firstPort))

	policies := []*networkapply.NetworkPolicyApplyConfiguration{
		p.networkPolicy("closed").WithSpec(networkapply.NetworkPolicySpec().WithPolicyTypes("Ingress", "Egress").WithPodSelector(p.podsOf(""))),
		p.networkPolicy("agents").WithSpec(networkapply.NetworkPolicySpec().WithPolicyTypes("Egress").WithPodSelector(p.podsOf("")).WithEgress(names, web)),
		p.networkPolicy("control").WithSpec(networkapply.NetworkPolicySpec().WithPolicyTypes("Egress").WithPodSelector(p.podsOf(roleControl)).WithEgress(server)),
		p.networkPolicy("serving").WithSpec(networkapply.NetworkPolicySpec().WithPolicyTypes("Ingress").WithPodSelector(p.podsOf(roleServing)).WithIngress(calls)),
	}
	if options.IncomingAlerts {
		policies = append(policies, p.networkPolicy(policyAlerts).WithSpec(networkapply.NetworkPolicySpec().WithPolicyTypes("Ingress").
			WithPodSelector(p.podsOf(roleControl)).WithIngress(calls)))
	}
	return policies
}

func (p Placement) networkPolicy(purpose string) *networkapply.NetworkPolicyApplyConfiguration {
	name := fit(p.prefix()+"mlops-"+purpose, longestName)
	policy := networkapply.NetworkPolicy(name, p.Namespace)
	policy.ObjectMetaApplyConfiguration = p.objectMeta(name, kindProject, nil)
	return policy
}

// podsOf selects the pods of the project, of one role or of all.
func (p Placement) podsOf(of role) *metaapply.LabelSelectorApplyConfiguration {
	labels := map[string]string{labelManagedBy: managedBy, labelPartOf: p.Project}
	if of != "" {
		labels[labelRole] = string(of)
	}
	return metaapply.LabelSelector().WithMatchLabels(labels)
}

func policyPort(protocol corev1.Protocol, port int32) *networkapply.NetworkPolicyPortApplyConfiguration {
	return networkapply.NetworkPolicyPort().WithProtocol(protocol).WithPort(intstr.FromInt32(port))
}
