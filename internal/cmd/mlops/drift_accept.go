package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

func newDriftAccept() *cobra.Command {
	var asks asking
	var episode string
	command := &cobra.Command{
		Use:   "accept MONITOR",
		Short: "Overrule an open episode",
		Long: `Say of an open episode that it is known and all right: a data-quality episode then no longer blocks training. Who said
so and why stays in the monitor's log.`,
		Example: `  mlops drift accept flight-delay --reason "the vendor confirmed the new unit"`,
		Args:    takes("MONITOR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := asks.requireReason(cmd); err != nil {
				return err
			}
			in, state, err := openMonitor(cmd, args[0])
			if err == nil {
				err = in.MayWrite(cmd.Context())
			}
			if err != nil {
				return err
			}
			if in.Inbox != nil {
				return exitError{code: exitFailed, message: "a person cannot overrule an episode on Azure yet: only the project's own identities write the log of a monitor, " +
					"so that nobody else can. Change what the dataset or the monitor expects, and apply; or ask for a run with `mlops train`"}
			}
			accepted, err := acceptEpisode(cmd.Context(), in, state, episode, asks)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "accepted: %s, %s, open since %s\n", accepted.ID, accepted.Verdict, when(accepted.Opened))
			return nil
		},
	}
	command.Flags().StringVar(&asks.reason, "reason", "", "why, for everybody who reads the history")
	command.Flags().StringVar(&asks.as, "as", "", "`name` to decide as instead of the user's own (nobody checks it on one machine)")
	command.Flags().StringVar(&episode, "episode", "", "id of the episode, where several are open")
	return command
}

// acceptEpisode appends to the monitor's log, again where a monitor has judged a window in between.
func acceptEpisode(ctx context.Context, in *project.Project, state mlops.MonitorState, id string, asks asking) (mlops.Episode, error) {
	for {
		episode, err := chooseEpisode(state, id)
		if err != nil {
			return episode, err
		}
		event := mlops.MonitorEvent{
			Type: mlops.EpisodeAccepted, Actor: asks.actor(), Reason: asks.reason, EpisodeID: episode.ID, Verdict: episode.Verdict,
		}
		_, err = in.AppendMonitor(ctx, state, event)
		if !errors.Is(err, mlops.ErrConflict) {
			return episode, err
		}
		if state, err = in.FollowMonitor(ctx, state); err != nil {
			return episode, err
		}
	}
}

func chooseEpisode(state mlops.MonitorState, id string) (mlops.Episode, error) {
	open := slices.DeleteFunc(state.Open(), func(episode mlops.Episode) bool { return episode.Accepted || id != "" && episode.ID != id })
	switch {
	case len(open) == 1:
		return open[0], nil
	case len(open) == 0 && id != "":
		return mlops.Episode{}, nothingFound("drift monitor %q has no open episode %q that waits for a person", state.Monitor, id)
	case len(open) == 0:
		return mlops.Episode{}, nothingFound("drift monitor %q has no open episode that waits for a person", state.Monitor)
	}
	ids := make([]string, len(open))
	for i, episode := range open {
		ids[i] = fmt.Sprintf("%s (%s)", episode.ID, episode.Verdict)
	}
	return mlops.Episode{}, usageError("several episodes are open: add --episode with one of %s", strings.Join(ids, ", "))
}
