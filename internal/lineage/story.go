package lineage

import (
	"context"
	"errors"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// story is a model's whole log, read and folded. Its cost is the log's length: it is for questions about the past.
type story struct {
	events []mlops.Event
	state  mlops.State
	runs   map[string]mlops.Run // every run as it was last, also those that the state has forgotten
	broken string               // why the log could not be read to its end
}

// readStory reads a log as far as it can be folded; the error is for a store that cannot be read.
func readStory(ctx context.Context, in *project.Project, model string) (story, error) {
	s := story{state: mlops.NewState(model), runs: map[string]mlops.Run{}}
	for entry, err := range in.ModelLog(model).After(ctx, eventlog.Head{}) {
		if errors.Is(err, eventlog.ErrBroken) {
			s.broken = err.Error()
			return s, nil
		}
		if err != nil {
			return s, err
		}
		event, err := mlops.DecodeEvent(entry.Data)
		if err == nil {
			err = s.state.Fold(event)
		}
		if err != nil {
			s.broken = err.Error()
			return s, nil
		}
		s.events = append(s.events, event)
		if s.state.Parked != "" {
			s.broken = s.state.Parked
			return s, nil
		}
		if run, ok := s.state.Run(event.RunID); ok {
			s.runs[run.ID] = run
		} else if run, ok := s.runs[event.RunID]; ok { // it ended so late that the state forgot it in the same step
			run.State, run.Updated, run.Sequence, run.Reason = event.Type, event.Time, event.Sequence, event.Reason
			s.runs[run.ID] = run
		}
	}
	return s, nil
}

// eventsOf are the events of one run, in order.
func (s story) eventsOf(run string) []mlops.Event {
	var events []mlops.Event
	for _, event := range s.events {
		if event.RunID == run {
			events = append(events, event)
		}
	}
	return events
}
