package provider

import (
	"context"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// Places opens projects on every platform that there is; on Azure as whoever the connection says.
func Places() (*envelope.Places, *azure.Connection) { return PlacesOn(azure.Options{}) }

// PlacesOn is Places with something in the place of the real Azure.
func PlacesOn(options azure.Options) (*envelope.Places, *azure.Connection) {
	on := azure.New(options)
	return envelope.NewPlaces(opener(local.OpenExisting, on.OpenExisting), opener(local.Open, on.Open), endpoint), on
}

func opener(folder func(path string) (platform.Platform, error), container func(ctx context.Context, place string) (platform.Platform, error)) envelope.Opener {
	open := func(ctx context.Context, place string) (platform.Platform, error) {
		if mlops.OnAzure(place) {
			return container(ctx, place)
		}
		path, err := local.Path(place)
		if err != nil {
			return platform.Platform{}, err
		}
		return folder(path)
	}
	return func(ctx context.Context, place string) (*project.Project, error) {
		on, err := open(ctx, place)
		if err != nil {
			return nil, err
		}
		return project.Open(on, version.Version), nil
	}
}

// endpoint is the stable address of a service of a project that need not be there yet.
func endpoint(project mlops.Project, deployment mlops.Deployment) string {
	if project.Azure != nil {
		return azure.Endpoint(project, deployment)
	}
	return local.Endpoint(project, deployment)
}
