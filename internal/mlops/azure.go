package mlops

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Azure places a project in an Azure subscription: a blob container is its memory, clusters run its workloads. What is
// named here by ARM ID belongs to the platform team, unless it is said to be made.
type Azure struct {
	Store AzureStore `json:"store"`
	// Clusters by a short name that deployments use; the same cluster may have several namespaces.
	Clusters map[string]AzureCluster `json:"clusters,omitempty"`
	// DefaultCluster runs the controller, jobs and monitors, and every deployment that names none. "" where there is one cluster.
	DefaultCluster string           `json:"default_cluster,omitempty"`
	Telemetry      *AzureTelemetry  `json:"telemetry,omitempty"`
	Identities     *AzureIdentities `json:"identities,omitempty"`
	Alerts         *AzureAlerts     `json:"alerts,omitempty"`
	// Requesters may ask for things beside the owners, by a short name: pipelines, approvers who own nothing.
	Requesters map[string]Requester `json:"requesters,omitempty"`
	// IncomingAlerts are taken by the controller; nil where it takes none.
	IncomingAlerts *AzureIncomingAlerts `json:"incoming_alerts,omitempty"`
	// ManageRoleAssignments grants the identities what they need; without it the provider says what is missing.
	ManageRoleAssignments bool `json:"manage_role_assignments"`
	// ApplyFrom is who talks to the clusters: "terraform", or "controller" where Terraform cannot reach them.
	ApplyFrom string `json:"apply_from"`
	// AbandonWorkloadsOnDestroy ends what runs without waiting for the controller, where that is the one who talks to clusters.
	AbandonWorkloadsOnDestroy bool `json:"abandon_workloads_on_destroy,omitempty"`
	// NamePrefix begins the names of all that the project makes in a namespace.
	NamePrefix string `json:"name_prefix,omitempty"`
	// AgentImage is the image of the mlops binary.
	AgentImage       string            `json:"agent_image,omitempty"`
	ImagePullSecrets []string          `json:"image_pull_secrets,omitempty"`
	Tags             map[string]string `json:"tags,omitempty"`
	Labels           map[string]string `json:"labels,omitempty"`
	Annotations      map[string]string `json:"annotations,omitempty"`
}

// AzureStore is the container that a project remembers in.
type AzureStore struct {
	StorageAccountID string `json:"storage_account_id"`
	Container        string `json:"container"`
	// CreateContainer makes the containers; without it those that are there are adopted.
	CreateContainer bool `json:"create_container"`
	// InboxContainer is where people and pipelines leave requests; see Inbox for its default.
	InboxContainer string      `json:"inbox_container,omitempty"`
	Audit          *AzureAudit `json:"audit,omitempty"`
}

// inboxSuffix follows the name of a container in that of its inbox, unless another is given.
const inboxSuffix = "-inbox"

// Inbox is the container of requests: every project on Azure has one, so that nobody is ever taken on trust there.
func (s AzureStore) Inbox() string {
	if s.InboxContainer == "" {
		return s.Container + inboxSuffix
	}
	return s.InboxContainer
}

// Beside is the place of another container of the same storage account.
func (s AzureStore) Beside(container string) string {
	return strings.TrimSuffix(s.StorageAccountID, "/") + containersOf + container
}

// containersOf lies between the id of a storage account and the name of a container.
const containersOf = "/blobServices/default/containers/"

// AzureAudit is a container of its own for audit heads, with an immutability policy.
type AzureAudit struct {
	Container     string `json:"container"`
	RetentionDays int64  `json:"retention_days"`
	// Locked cannot be undone.
	Locked bool `json:"locked"`
}

// AzureCluster is an AKS cluster by ARM ID, or any other Kubernetes API server by its address.
type AzureCluster struct {
	ID string `json:"id,omitempty"`
	// Host is the address of the API server, https://...; who one is there stands in the provider's configuration.
	Host                 string `json:"host,omitempty"`
	ClusterCACertificate string `json:"cluster_ca_certificate,omitempty"` // PEM
	Namespace            string `json:"namespace"`
	CreateNamespace      bool   `json:"create_namespace"`
}

// AzureTelemetry is where numbers and events go.
type AzureTelemetry struct {
	ApplicationInsightsID string `json:"application_insights_id,omitempty"`
	ConnectionString      string `json:"connection_string,omitempty"`
}

// AzureIdentities are user-assigned identities by ARM ID: what the agent's pods are. A user's own containers have none.
type AzureIdentities struct {
	Control                    string `json:"control,omitempty"`
	Jobs                       string `json:"jobs,omitempty"`
	Serving                    string `json:"serving,omitempty"`
	ManageFederatedCredentials bool   `json:"manage_federated_credentials"`
}

// AzureAlerts is where rules and action groups are made.
type AzureAlerts struct {
	ResourceGroupID string   `json:"resource_group_id"`
	ActionGroupIDs  []string `json:"action_group_ids,omitempty"`
	// Receivers by role, beside the owners' e-mail addresses.
	Receivers map[Role]AzureReceivers `json:"receivers,omitempty"`
}

// AzureIncomingAlerts says whose alerts of Azure Monitor the controller takes, by secure webhook.
type AzureIncomingAlerts struct {
	TenantID  string   `json:"tenant_id"`
	Audiences []string `json:"audiences"`
	// Authority is the address of Entra, "" for the public cloud's.
	Authority string `json:"authority,omitempty"`
}

func (i AzureIncomingAlerts) validate() []Problem {
	var problems []Problem
	if i.TenantID == "" {
		problems = append(problems, problem("name the Entra tenant whose tokens the alerts carry", "incoming_alerts", "tenant_id"))
	}
	if len(i.Audiences) == 0 || slices.Contains(i.Audiences, "") {
		problems = append(problems, problem("name the application that the tokens are for, by its id or identifier URI", "incoming_alerts", "audiences"))
	}
	if at, err := url.Parse(i.Authority); i.Authority != "" && (err != nil || at.Scheme != "https" || at.Host == "") {
		problems = append(problems, problem("not the address of Entra: write https://login.microsoftonline.com", "incoming_alerts", "authority"))
	}
	return problems
}

// Who applies workloads.
const (
	ApplyFromTerraform  = "terraform"
	ApplyFromController = "controller"
)

// AppliesFrom lists every choice once.
var AppliesFrom = []string{ApplyFromTerraform, ApplyFromController}

// Bounds of an immutability policy, in days.
const (
	MinimumAuditDays = 1
	MaximumAuditDays = 146000
)

// Place is where a project in this store is: the container's ARM ID. "" where part of it is not known.
func (a Azure) Place() string {
	if a.Store.StorageAccountID == "" || a.Store.Container == "" {
		return ""
	}
	return a.Store.Beside(a.Store.Container)
}

// ClusterOf is the short name of the cluster that a deployment asks for, "" for the default. It is "" where there is none.
func (a Azure) ClusterOf(asked string) string {
	if asked != "" {
		return asked
	}
	if a.DefaultCluster != "" || len(a.Clusters) != 1 {
		return a.DefaultCluster
	}
	for only := range a.Clusters {
		return only
	}
	return ""
}

// SameStand says whether what stands in one cluster of a project ("" for the default) stands in the same place in a cluster of
// another: at the same API server, in the same namespace and under the same names.
func (a Azure) SameStand(cluster string, other Azure, otherCluster string) bool {
	one, found := a.Clusters[a.ClusterOf(cluster)]
	two, foundToo := other.Clusters[other.ClusterOf(otherCluster)]
	return found == foundToo && one.Same(two) && one.Namespace == two.Namespace && a.NamePrefix == other.NamePrefix
}

// Same says whether two declarations name one API server. Under one ARM ID there may yet be one cluster after another.
func (c AzureCluster) Same(other AzureCluster) bool {
	return SameARMID(c.ID, other.ID) && c.Host == other.Host
}

// Validate checks ids, names and choices; paths begin below "azure".
func (a Azure) Validate() []Problem {
	problems := a.Store.validate()
	for name, cluster := range a.Clusters {
		problems = append(problems, cluster.validate(name)...)
	}
	if len(a.Clusters) > 1 && a.DefaultCluster == "" {
		problems = append(problems, problem("there are several clusters: say which one runs the controller, jobs and monitors", "default_cluster"))
	}
	if _, ok := a.Clusters[a.DefaultCluster]; a.DefaultCluster != "" && !ok {
		problems = append(problems, problem(fmt.Sprintf("there is no cluster %q under clusters", a.DefaultCluster), "default_cluster"))
	}
	for name, requester := range a.Requesters {
		problems = append(problems, requester.validate(name)...)
	}
	problems = append(problems, a.validateReferences()...)
	if a.IncomingAlerts != nil {
		problems = append(problems, a.IncomingAlerts.validate()...)
	}
	if a.ApplyFrom != "" && !slices.Contains(AppliesFrom, a.ApplyFrom) {
		problems = append(problems, problem(`apply_from is "terraform" or "controller"`, "apply_from"))
	}
	if a.AbandonWorkloadsOnDestroy && a.ApplyFrom != ApplyFromController {
		problems = append(problems, problem(`only the controller is waited for: it means nothing without apply_from = "controller"`, "abandon_workloads_on_destroy"))
	}
	if a.NamePrefix != "" && !prefixPattern.MatchString(a.NamePrefix) {
		problems = append(problems, problem("use 1 to 12 lower-case letters, digits and hyphens, beginning with a letter", "name_prefix"))
	}
	return problems
}

var (
	prefixPattern    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,11}$`)
	containerPattern = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])*$`)
	namespacePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
)

func (s AzureStore) validate() []Problem {
	var problems []Problem
	if s.StorageAccountID != "" {
		problems = append(problems, armProblem(ARMStorageAccount, s.StorageAccountID, "store", "storage_account_id")...)
	}
	named := containerProblem(s.Container, "store", "container")
	if problems = append(problems, named...); s.Container != "" && len(named) == 0 {
		problems = append(problems, containerProblem(s.Inbox(), "store", "inbox_container")...)
	}
	if s.InboxContainer == s.Container && s.Container != "" {
		problems = append(problems, problem("requests need a container of their own: who may leave them must not write in the project's memory", "store", "inbox_container"))
	}
	if s.Audit == nil {
		return problems
	}
	if s.Audit.Container == s.Inbox() {
		problems = append(problems, problem("audit heads need a container of their own: requests are removed once they are answered", "store", "audit", "container"))
	}
	problems = append(problems, containerProblem(s.Audit.Container, "store", "audit", "container")...)
	if s.Audit.Container == s.Container && s.Container != "" {
		problems = append(problems, problem("audit heads need a container of their own: an immutability policy would keep all else for ever", "store", "audit", "container"))
	}
	if days := s.Audit.RetentionDays; days < MinimumAuditDays || days > MaximumAuditDays {
		problems = append(problems, problem(fmt.Sprintf("retention_days lies between %d and %d", MinimumAuditDays, MaximumAuditDays), "store", "audit", "retention_days"))
	}
	return problems
}

func (c AzureCluster) validate(name string) []Problem {
	var problems []Problem
	if err := ValidateName(name); err != nil {
		problems = append(problems, problem(err.Error(), "clusters", name))
	}
	at, err := url.Parse(c.Host)
	switch {
	case c.ID != "" && c.Host != "":
		problems = append(problems, problem("an AKS cluster is given by id, any other by host: give one of them", "clusters", name, "host"))
	case c.ID == "" && c.Host == "":
		problems = append(problems, problem("give the ARM ID of an AKS cluster, or the host of any other", "clusters", name, "id"))
	case c.ID != "":
		problems = append(problems, armProblem(ARMManagedCluster, c.ID, "clusters", name, "id")...)
	case err != nil || at.Scheme != "https" || at.Host == "":
		problems = append(problems, problem("host is the address of the API server: write https://host:port", "clusters", name, "host"))
	}
	if c.Namespace != "" && (len(c.Namespace) > 63 || !namespacePattern.MatchString(c.Namespace)) {
		problems = append(problems, problem("a namespace has 1 to 63 lower-case letters, digits and hyphens", "clusters", name, "namespace"))
	}
	return problems
}

// validateReferences checks the ARM IDs of what is not the project's own.
func (a Azure) validateReferences() []Problem {
	var problems []Problem
	if t := a.Telemetry; t != nil && t.ApplicationInsightsID != "" {
		problems = append(problems, armProblem(ARMApplicationInsights, t.ApplicationInsightsID, "telemetry", "application_insights_id")...)
	}
	if i := a.Identities; i != nil {
		for attribute, id := range map[string]string{"control": i.Control, "jobs": i.Jobs, "serving": i.Serving} {
			if id != "" {
				problems = append(problems, armProblem(ARMUserAssignedIdentity, id, "identities", attribute)...)
			}
		}
	}
	if a.Alerts == nil {
		return problems
	}
	if a.Alerts.ResourceGroupID != "" {
		problems = append(problems, armProblem("", a.Alerts.ResourceGroupID, "alerts", "resource_group_id")...)
	}
	for _, id := range a.Alerts.ActionGroupIDs {
		problems = append(problems, armProblem(ARMActionGroup, id, "alerts", "action_group_ids")...)
	}
	if a.Telemetry == nil || a.Telemetry.ApplicationInsightsID == "" {
		problems = append(problems, problem("alert rules look into Application Insights: name the component by its ARM ID", "telemetry", "application_insights_id"))
	}
	most := MaximumActionGroups
	if len(a.Alerts.Receivers) > 0 {
		most -= len(Roles) // each may have a group of its own
	}
	if len(a.Alerts.ActionGroupIDs) > most {
		problems = append(problems, problem(fmt.Sprintf("a rule calls at most %d action groups, and beside receivers of our own roles %d: give fewer",
			MaximumActionGroups, MaximumActionGroups-len(Roles)), "alerts", "action_group_ids"))
	}
	for role, receivers := range a.Alerts.Receivers {
		if !slices.Contains(Roles, role) {
			problems = append(problems, problem(fmt.Sprintf("unknown role %q: use one of %v", role, Roles), "alerts", "receivers"))
		}
		problems = append(problems, below(receivers.Validate(), "alerts", "receivers", string(role))...)
	}
	return problems
}

// MaximumActionGroups of a rule.
const MaximumActionGroups = 5

func armProblem(armType, id string, path ...string) []Problem {
	if _, err := ParseARMIDOf(armType, id); err != nil {
		return []Problem{problem(err.Error(), path...)}
	}
	return nil
}

func containerProblem(name string, path ...string) []Problem {
	if name != "" && (len(name) < 3 || len(name) > 63 || !containerPattern.MatchString(name)) {
		return []Problem{problem(fmt.Sprintf("container %q: use 3 to 63 lower-case letters, digits and single hyphens", name), path...)}
	}
	return nil
}
