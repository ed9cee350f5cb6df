package mlops

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// ARMID names a resource of Azure: /subscriptions/S/resourceGroups/G/providers/P/type/name[/type/name ...], or a resource
// group or subscription alone. Its parts compare without case.
type ARMID struct {
	Subscription  string
	ResourceGroup string   // "" for a subscription
	Type          string   // "Microsoft.Storage/storageAccounts"; "" for a group or a subscription
	Names         []string // one for each part of the type behind the provider
}

var armPart = regexp.MustCompile(`^[^/?#%\s]+$`)

// ParseARMID reads an id. The text is kept as it was written: compare with SameARMID.
func ParseARMID(text string) (ARMID, error) {
	bad := fmt.Errorf("%w: %q is not the ARM ID of a resource: write /subscriptions/<id>/resourceGroups/<name>/providers/<provider>/<type>/<name>", ErrInvalid, text)
	parts := strings.Split(strings.TrimPrefix(text, "/"), "/")
	for _, part := range parts {
		if !armPart.MatchString(part) {
			return ARMID{}, bad
		}
	}
	if !strings.HasPrefix(text, "/") || len(parts) < 2 || !strings.EqualFold(parts[0], "subscriptions") {
		return ARMID{}, bad
	}
	id := ARMID{Subscription: parts[1]}
	if parts = parts[2:]; len(parts) == 0 {
		return id, nil
	}
	if len(parts) < 2 || !strings.EqualFold(parts[0], "resourceGroups") {
		return ARMID{}, bad
	}
	id.ResourceGroup = parts[1]
	if parts = parts[2:]; len(parts) == 0 {
		return id, nil
	}
	if len(parts) < 4 || len(parts)%2 != 0 || !strings.EqualFold(parts[0], "providers") {
		return ARMID{}, bad
	}
	id.Type = parts[1]
	for i := 2; i < len(parts); i += 2 {
		id.Type += "/" + parts[i]
		id.Names = append(id.Names, parts[i+1])
	}
	return id, nil
}

// ParseARMIDOf is ParseARMID for one wanted type ("Microsoft.Storage/storageAccounts"; "" for a resource group).
func ParseARMIDOf(armType, text string) (ARMID, error) {
	id, err := ParseARMID(text)
	if err != nil {
		return ARMID{}, err
	}
	switch {
	case armType == "" && (id.Type != "" || id.ResourceGroup == ""):
		return ARMID{}, fmt.Errorf("%w: %q is not the ARM ID of a resource group: write /subscriptions/<id>/resourceGroups/<name>", ErrInvalid, text)
	case !strings.EqualFold(id.Type, armType):
		return ARMID{}, fmt.Errorf("%w: %q names a %s: a %s is wanted", ErrInvalid, text, cmp.Or(id.Type, "resource group"), armType)
	}
	return id, nil
}

// Name is the resource's own: the last of its names, or that of the group.
func (id ARMID) Name() string {
	if len(id.Names) > 0 {
		return id.Names[len(id.Names)-1]
	}
	return id.ResourceGroup
}

// SameARMID compares ids as ARM does: without case, and without the slash that some write at the end.
func SameARMID(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "/"), strings.TrimSuffix(b, "/"))
}

// Types of resources that a project refers to.
const (
	ARMStorageAccount       = "Microsoft.Storage/storageAccounts"
	ARMContainer            = "Microsoft.Storage/storageAccounts/blobServices/containers"
	ARMManagedCluster       = "Microsoft.ContainerService/managedClusters"
	ARMUserAssignedIdentity = "Microsoft.ManagedIdentity/userAssignedIdentities"
	ARMApplicationInsights  = "Microsoft.Insights/components"
	ARMActionGroup          = "Microsoft.Insights/actionGroups"

	ARMMachineLearningWorkspace = "Microsoft.MachineLearningServices/workspaces"
	ARMMachineLearningCompute   = "Microsoft.MachineLearningServices/workspaces/computes"
)
