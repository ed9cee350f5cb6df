package project

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func azure() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Places the project on Azure: a blob container for its memory, Kubernetes for what runs. Give this or `local`. " +
			"The container is the project's identity and cannot change; everything else changes in place.",
		Attributes: map[string]schema.Attribute{
			"store": azureStore(),
			"clusters": schema.MapNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Where workloads run, by a short name of your own. Left out, nothing runs yet.",
				NestedObject:        schema.NestedAttributeObject{Attributes: azureCluster()},
			},
			"default_cluster": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The cluster that runs the controller, jobs and monitors, and every deployment that names none. Needed where there are several.",
			},
			"telemetry":       azureTelemetry(),
			"identities":      azureIdentities(),
			"alerts":          azureAlerts(),
			"incoming_alerts": azureIncomingAlerts(),
			"requesters": schema.MapNestedAttribute{
				Optional: true,
				MarkdownDescription: "Who may ask for training, approval, rollback and the like beside the owners, by a short name of your own: pipelines, and " +
					"approvers who own nothing. Each asks below its own object id in the inbox, and whoever leaves this list cannot ask any more. " +
					"To approve, a retrain policy has to list it among its `approvers`.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"principal_id": schema.StringAttribute{Required: true, MarkdownDescription: "Object id in Entra: of a service principal, not of its application."},
					"principal_type": schema.StringAttribute{
						Optional: true, Computed: true, Default: stringdefault.StaticString(mlops.PrincipalServicePrincipal),
						MarkdownDescription: "What `principal_id` is: " + envelope.OneOf(mlops.PrincipalTypes) + ". Default `ServicePrincipal`.",
					},
					"email": schema.StringAttribute{Optional: true, MarkdownDescription: "E-mail address, by which the history and `approvers` name it. Left out, the short name does."},
				}},
			},
			"manage_role_assignments": switchedOn(
				"Whether the provider grants the identities, owners and requesters what they need, and whoever applies the right to write what is declared. " +
					"Where not, it says which roles are missing at which scope."),
			"apply_from": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(mlops.ApplyFromTerraform),
				MarkdownDescription: "Who makes what runs: `terraform`, or `controller` where Terraform cannot reach the cluster: then it writes what is wanted, " +
					"and `mlops control`, running inside, does the rest. The data source `mlops_agent_manifests` has what installs it, once. Default `terraform`.",
			},
			"abandon_workloads_on_destroy": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "With `apply_from = \"controller\"`: a destroy does not wait until the controller has removed what runs, and a destroy of the project lists what is left. " +
					"For a controller that is gone. Apply it before you destroy.",
			},
			"name_prefix":        schema.StringAttribute{Optional: true, MarkdownDescription: "Begins the names of all that the project makes in a namespace. At most 12 characters."},
			"agent_image":        schema.StringAttribute{Optional: true, MarkdownDescription: "Image of the `mlops` binary that the clusters can pull, for example a mirror in your own registry. Without a tag it is of `agent_version`, and a release runs by its digest."},
			"image_pull_secrets": schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Names of secrets, in the namespaces, that images are pulled with."},
			"tags":               texts("Tags of every resource that is made through ARM. Tags that policies add are left alone."),
			"labels":             texts("Labels of everything that is made in a cluster."),
			"annotations":        texts("Annotations of everything that is made in a cluster."),
		},
	}
}

func azureStore() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Required:            true,
		MarkdownDescription: "The container that holds the project's memory.",
		Attributes: map[string]schema.Attribute{
			"storage_account_id": schema.StringAttribute{Required: true, MarkdownDescription: "ARM ID of the storage account."},
			"container":          projectNamed("The container."),
			"create_container":   switchedOn("Whether the containers are made. Where not, those that are there are adopted, and a destroy leaves them."),
			"inbox_container": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: []planmodifier.String{inboxLike{}},
				MarkdownDescription: "The container in which people and pipelines leave requests, each below their own object id: who asked or approved is taken " +
					"from there. Default: the name of `container` with `-inbox`.",
			},
			"lifecycle_rule": schema.StringAttribute{
				Computed: true, PlanModifiers: []planmodifier.String{lifecycleOf{}},
				MarkdownDescription: "A rule, as JSON, for the storage account's own management policy, of which there is only one, so that this project never writes it: " +
					"it removes inference records, labels and hourly profiles a week after the controller should have (`retention.record_days`). " +
					"Not for a project in which a deployment keeps its records longer than that. Null where they are kept for ever.",
			},
			"audit": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "A container of its own, with an immutability policy, for the hourly heads of all logs: it makes a shortened log visible.",
				Attributes: map[string]schema.Attribute{
					"container":      schema.StringAttribute{Required: true, MarkdownDescription: "The container, another than the project's own. It is made and adopted as that is."},
					"retention_days": schema.Int64Attribute{Required: true, MarkdownDescription: "For how many days nothing in it can be changed or removed. A locked policy can only be extended."},
					"locked": switched(false,
						"Whether the policy is locked. That cannot be undone by anybody: a destroy then leaves the container until the last day is over."),
				},
			},
		},
	}
}

func azureCluster() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{Optional: true, MarkdownDescription: "ARM ID of an AKS cluster. Give this or `host`."},
		"host": schema.StringAttribute{Optional: true,
			MarkdownDescription: "Address of the API server of any other cluster, `https://host:port`. The provider's `kubernetes` says who one is there."},
		"cluster_ca_certificate": schema.StringAttribute{Optional: true, MarkdownDescription: "With `host`: the certificate authority of the API server, as PEM. Left out, the machine's own."},
		"namespace":              projectNamed("The namespace. The project makes things in it and nowhere else."),
		"create_namespace":       switched(false, "Whether the namespace is made. Where not, it is the platform team's."),
	}
}

func azureTelemetry() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Where metrics and events of the project go.",
		Attributes: map[string]schema.Attribute{
			"application_insights_id": schema.StringAttribute{Optional: true, MarkdownDescription: "ARM ID of an Application Insights component. Alert rules query it."},
			"connection_string": schema.StringAttribute{Optional: true, Sensitive: true,
				MarkdownDescription: "Its connection string. Telemetry is sent with the controller's identity."},
		},
	}
}

func azureIdentities() schema.SingleNestedAttribute {
	identity := func(whose string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: "ARM ID of the user-assigned identity of " + whose + "."}
	}
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Workload identities of the agent's pods. Your own containers have none, whatever stands here.",
		Attributes: map[string]schema.Attribute{
			"control": identity("the controller and of drift monitors"),
			"jobs":    identity("the agent's steps in training and evaluation jobs"),
			"serving": identity("the collectors beside models"),
			"manage_federated_credentials": switchedOn(
				"Whether the provider makes the federated credentials that let the pods be those identities. Where not, it warns with the subjects that are missing."),
		},
	}
}

// projectNamed is a name that is the project's own unless given.
func projectNamed(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, PlanModifiers: []planmodifier.String{likeName{}},
		MarkdownDescription: description + " Default: the project's name.",
	}
}

func switched(on bool, description string) schema.BoolAttribute {
	says := " Default `false`."
	if on {
		says = " Default `true`."
	}
	return schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(on), MarkdownDescription: description + says}
}

func switchedOn(description string) schema.BoolAttribute { return switched(true, description) }

func texts(description string) schema.MapAttribute {
	return schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description}
}
