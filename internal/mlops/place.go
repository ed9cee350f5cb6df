package mlops

import (
	"fmt"
	"strings"
)

// A place is where a project lives: "file:<path>" on one machine, the ARM ID of a blob container on Azure.
const (
	LocalScheme = "file:"
	armScheme   = "/subscriptions/"
)

// OnAzure says whether a place is the ARM ID of a container, going by how it begins.
func OnAzure(place string) bool {
	return len(place) >= len(armScheme) && strings.EqualFold(place[:len(armScheme)], armScheme)
}

// PlaceKey is the same for places that are the same: ARM IDs compare without case, paths with it.
func PlaceKey(place string) string {
	if OnAzure(place) {
		return strings.ToLower(strings.TrimSuffix(place, "/"))
	}
	return place
}

// SamePlace compares two places.
func SamePlace(a, b string) bool { return PlaceKey(a) == PlaceKey(b) }

// AzurePlace is a place on Azure in its parts.
type AzurePlace struct {
	StorageAccountID string
	Account          string // the storage account's name
	Container        string
}

// ParseAzurePlace reads the ARM ID of a container.
func ParseAzurePlace(place string) (AzurePlace, error) {
	id, err := ParseARMIDOf(ARMContainer, place)
	if err != nil {
		return AzurePlace{}, fmt.Errorf("place of a project: %w", err)
	}
	account := ARMID{Subscription: id.Subscription, ResourceGroup: id.ResourceGroup, Type: ARMStorageAccount, Names: id.Names[:1]}
	return AzurePlace{StorageAccountID: account.String(), Account: strings.ToLower(id.Names[0]), Container: strings.ToLower(id.Names[2])}, nil
}

// String is the id in the notation of ARM's own documents.
func (id ARMID) String() string {
	text := armScheme + id.Subscription
	if id.ResourceGroup != "" {
		text += "/resourceGroups/" + id.ResourceGroup
	}
	if id.Type == "" {
		return text
	}
	types := strings.Split(id.Type, "/")
	parts := []string{text, "providers", types[0]}
	for i, name := range id.Names {
		parts = append(parts, types[i+1], name)
	}
	return strings.Join(parts, "/")
}
