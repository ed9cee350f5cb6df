package main

import "github.com/spf13/cobra"

// driftCommands makes the commands below `mlops drift`; each stands in a file of its own (drift_<name>.go).
var driftCommands = []func() *cobra.Command{newDriftRun, newDriftBackfill, newDriftLook, newDriftProfile, newDriftCompare, newDriftMethods, newDriftShow, newDriftAccept}

func newDrift() *cobra.Command {
	return group(&cobra.Command{
		Use:   "drift",
		Short: "Judge scoring traffic against what a model was trained on",
		Long: `A drift monitor compares windows of scoring traffic with the training data of the version that served them:
data quality first, then drift, then its cause. An episode opens when windows agree, and it, not a single report, is
what alerts and starts a run.`,
	}, driftCommands...)
}
