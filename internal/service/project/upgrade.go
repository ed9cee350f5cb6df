package project

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// newerThanWeAre finds a project that a newer provider has applied: its agent is not to be moved back.
func newerThanWeAre(document mlops.SpecDocument) error {
	if err := mlops.MayWrite(version.Version, []mlops.SpecDocument{document}); err != nil {
		return fmt.Errorf("agent_version would go back: %w", err)
	}
	return nil
}

// mayApply is newerThanWeAre at apply.
func mayApply(ctx context.Context, in *project.Project, name string) error {
	document, err := in.SpecDocument(ctx, mlops.KindProject, name)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil
	}
	if err != nil && !errors.Is(err, mlops.ErrInvalid) { // what is spoilt is mended by this apply
		return err
	}
	return newerThanWeAre(document)
}

// warnOfOtherImage warns of a mirror that, by its tag, is another release than the provider: its controller would refuse to
// write, or do what was not asked.
func warnOfOtherImage(plan *envelope.Plan[model]) {
	if plan.Model.Azure == nil {
		return
	}
	image, _, _ := strings.Cut(plan.Model.Azure.AgentImage.ValueString(), "@")
	_, tag, tagged := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	if same, known := mlops.SameRelease(tag, version.Version); tagged && known && !same {
		plan.Warn("The agent's image is of another version", fmt.Sprintf(
			"azure.agent_image is %s, and this provider is %s. Mirror the image of this version, or leave the tag out: then it is the provider's version.",
			image, version.Version))
	}
}
