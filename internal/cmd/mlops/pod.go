package main

import (
	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
)

// newPod holds one pod for `mlops local`: hidden, because people do not type it.
func newPod() *cobra.Command {
	return &cobra.Command{
		Use:    "pod FOLDER",
		Short:  "Hold one pod (started by mlops local)",
		Hidden: true,
		Args:   takes("folder"),
		RunE:   func(cmd *cobra.Command, args []string) error { return local.RunPod(cmd.Context(), args[0]) },
	}
}
