package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// ModelLog is the log of a model.
func (p *Project) ModelLog(model string) eventlog.Log {
	return eventlog.Log{Store: p.Store, Prefix: "logs/" + model}
}

// MonitorLog is the log of a drift monitor.
func (p *Project) MonitorLog(monitor string) eventlog.Log {
	return eventlog.Log{Store: p.Store, Prefix: "monitors/" + monitor}
}

// Model folds a model's log: from its newest snapshot, so that the number of calls does not grow with the log. A model
// without a log has the zero state of its name. A log that cannot be folded comes back as far as it could be, with Parked
// saying why; the error is for a store that cannot be read.
func (p *Project) Model(ctx context.Context, model string) (mlops.State, error) {
	state := mlops.NewState(model)
	if err := fromSnapshot(ctx, p.ModelLog(model), &state); err != nil {
		return state, fmt.Errorf("model %q: %w", model, err)
	}
	return p.FollowModel(ctx, state)
}

// fromSnapshot reads a log's newest snapshot into a state, which stays as it is where there is none that can be used.
func fromSnapshot[S any](ctx context.Context, log eventlog.Log, state *S) error {
	snapshot, found, err := log.Newest(ctx, mlops.FoldVersion)
	if err != nil || !found {
		return err
	}
	var folded S
	if json.Unmarshal(snapshot.State, &folded) == nil {
		*state = folded
	}
	return nil
}

// FollowModel folds what has come to a log since a state: one read where nothing has.
func (p *Project) FollowModel(ctx context.Context, state mlops.State) (mlops.State, error) {
	if state.Parked != "" {
		return state, nil
	}
	head, own := eventlog.Head{Sequence: state.Sequence, SHA256: state.SHA256}, false
	for entry, err := range p.ModelLog(state.Model).After(ctx, head) {
		if !own { // the caller's state stays as it is; one copy does for however many events
			state, own = state.Clone(), true
		}
		if err := foldEntry(&state, entry, err); err != nil {
			return state, fmt.Errorf("model %q: %w", state.Model, err)
		}
		if state.Parked != "" {
			break
		}
	}
	return state, nil
}

// foldEntry folds one entry, or parks the state where the log is broken.
func foldEntry(state *mlops.State, entry eventlog.Entry, readError error) error {
	if errors.Is(readError, eventlog.ErrBroken) {
		state.Parked = readError.Error()
		return nil
	}
	if readError != nil {
		return readError
	}
	event, err := mlops.DecodeEvent(entry.Data)
	if err == nil {
		err = state.Fold(event)
	}
	if err == nil {
		state.SHA256 = entry.SHA256
	} else {
		state.Parked = err.Error()
	}
	return nil
}

// AppendModel writes the event that comes next in a model's log and returns the state after it. Sequence, hash, writer,
// schema and time are filled in; a time that the event has is the earliest that it gets. mlops.ErrConflict says that
// somebody else decided first: follow and decide again. An event that cannot follow is refused before it is written.
func (p *Project) AppendModel(ctx context.Context, state mlops.State, event mlops.Event) (mlops.State, error) {
	if state.Parked != "" {
		return state, fmt.Errorf("model %q: %w: %s", state.Model, mlops.ErrInvalid, state.Parked)
	}
	now := latest(p.Now(), state.Time, event.Time) // a clock that was set back must not break the log
	event.Header = mlops.Header{
		Schema: mlops.EventSchema, Writer: p.NewWriter(), Sequence: state.Sequence + 1, Previous: state.SHA256, Time: now,
	}
	next, err := mlops.Apply(state, event)
	if err != nil {
		return state, err
	}
	entry, err := p.ModelLog(state.Model).Append(ctx, eventlog.Head{Sequence: state.Sequence, SHA256: state.SHA256}, event.Header, event)
	if err != nil {
		return state, fmt.Errorf("model %q: %w", state.Model, err)
	}
	next.SHA256 = entry.SHA256
	return next, nil
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// KeepModel stores a snapshot of a model's state.
func (p *Project) KeepModel(ctx context.Context, state mlops.State) error {
	return p.ModelLog(state.Model).Keep(ctx, eventlog.Head{Sequence: state.Sequence, SHA256: state.SHA256}, mlops.FoldVersion, state)
}

// Events reads a model's whole log, oldest first: for history, lineage and audit, whose cost is their answer's.
func (p *Project) Events(ctx context.Context, model string) ([]mlops.Event, error) {
	var events []mlops.Event
	for entry, err := range p.ModelLog(model).After(ctx, eventlog.Head{}) {
		if err != nil {
			return events, fmt.Errorf("model %q: %w", model, err)
		}
		event, err := mlops.DecodeEvent(entry.Data)
		if err != nil {
			return events, fmt.Errorf("model %q: event %d: %w", model, entry.Sequence, err)
		}
		events = append(events, event)
	}
	return events, nil
}

// Monitor folds a monitor's log, as Model does a model's.
func (p *Project) Monitor(ctx context.Context, monitor string) (mlops.MonitorState, error) {
	state := mlops.MonitorState{Monitor: monitor}
	if err := fromSnapshot(ctx, p.MonitorLog(monitor), &state); err != nil {
		return state, fmt.Errorf("drift monitor %q: %w", monitor, err)
	}
	return p.FollowMonitor(ctx, state)
}

// FollowMonitor folds what has come to a monitor's log since a state.
func (p *Project) FollowMonitor(ctx context.Context, state mlops.MonitorState) (mlops.MonitorState, error) {
	if state.Parked != "" {
		return state, nil
	}
	for entry, err := range p.MonitorLog(state.Monitor).After(ctx, eventlog.Head{Sequence: state.Sequence, SHA256: state.SHA256}) {
		if errors.Is(err, eventlog.ErrBroken) {
			state.Parked = err.Error()
			break
		}
		if err != nil {
			return state, fmt.Errorf("drift monitor %q: %w", state.Monitor, err)
		}
		var event mlops.MonitorEvent
		next, err := state, json.Unmarshal(entry.Data, &event)
		if err == nil {
			next, err = mlops.ApplyMonitor(state, event)
		}
		if err != nil {
			state.Parked = err.Error()
			break
		}
		state = next
		state.SHA256 = entry.SHA256
	}
	return state, nil
}

// AppendMonitor writes the event that comes next in a monitor's log, as AppendModel does for a model.
func (p *Project) AppendMonitor(ctx context.Context, state mlops.MonitorState, event mlops.MonitorEvent) (mlops.MonitorState, error) {
	if state.Parked != "" {
		return state, fmt.Errorf("drift monitor %q: %w: %s", state.Monitor, mlops.ErrInvalid, state.Parked)
	}
	now := latest(p.Now(), state.Time)
	event.Header = mlops.Header{
		Schema: mlops.MonitorEventSchema, Writer: p.NewWriter(), Sequence: state.Sequence + 1, Previous: state.SHA256, Time: now,
	}
	next, err := mlops.ApplyMonitor(state, event)
	if err != nil {
		return state, err
	}
	head := eventlog.Head{Sequence: state.Sequence, SHA256: state.SHA256}
	entry, err := p.MonitorLog(state.Monitor).Append(ctx, head, event.Header, event)
	if err != nil {
		return state, fmt.Errorf("drift monitor %q: %w", state.Monitor, err)
	}
	next.SHA256 = entry.SHA256
	return next, nil
}

// KeepMonitor stores a snapshot of a monitor's state.
func (p *Project) KeepMonitor(ctx context.Context, state mlops.MonitorState) error {
	return p.MonitorLog(state.Monitor).Keep(ctx, eventlog.Head{Sequence: state.Sequence, SHA256: state.SHA256}, mlops.FoldVersion, state)
}
