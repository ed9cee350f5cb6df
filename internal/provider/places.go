package provider

import (
	"context"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// Places opens projects on every platform that there is.
func Places() *envelope.Places {
	return envelope.NewPlaces(opener(local.OpenExisting), opener(local.Open), local.Endpoint)
}

func opener(open func(path string) (platform.Platform, error)) envelope.Opener {
	return func(_ context.Context, place string) (*project.Project, error) {
		path, err := local.Path(place)
		if err != nil {
			return nil, err
		}
		on, err := open(path)
		if err != nil {
			return nil, err
		}
		return project.Open(on, version.Version), nil
	}
}
