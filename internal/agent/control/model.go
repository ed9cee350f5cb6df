package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// modelMemory is what the controller remembers of a model: all of it can be read again.
type modelMemory struct {
	state      mlops.State
	kept       int64 // the sequence of the last snapshot
	outputs    map[string]mlops.StepOutput
	judgements map[string]mlops.Judgement // by the name of the candidate's evaluation
	rolledOut  map[string]rolledOut       // by deployment
	ahead      time.Duration              // of the clock: see now
}

// rolledOut is since when a deployment has been seen to hold with what it runs.
type rolledOut struct {
	hash  string
	since time.Time
}

// Spans of the loop.
const (
	snapshotEvery = 256
	// eventsInPass bounds one pass, so that a flood of requests for one model does not starve the others.
	eventsInPass = 500
)

// follow folds what is new in a declared model's log. One that is deleted, in declaration and log, is left alone.
func (c *Controller) follow(ctx context.Context, name string) error {
	memory, known := c.models[name]
	if known && memory.state.Deleted && c.specs.names[mlops.KindModel][name].document.Deleted {
		return nil
	}
	return c.read(ctx, name)
}

// read folds what is new in a model's log: one call where nothing is.
func (c *Controller) read(ctx context.Context, name string) error {
	memory, known := c.models[name]
	if !known {
		state, err := c.project.Model(ctx, name)
		if err != nil {
			return err
		}
		c.models[name] = &modelMemory{
			state: state, outputs: map[string]mlops.StepOutput{}, judgements: map[string]mlops.Judgement{}, rolledOut: map[string]rolledOut{},
		}
		return nil
	}
	state, err := c.project.FollowModel(ctx, memory.state)
	if err != nil {
		return err
	}
	memory.state = state
	return nil
}

// adopt follows a model that is not declared, or not any more, because somebody asks something of it: its log refuses. A
// name that can be no model's has no log, and the request goes.
func (c *Controller) adopt(ctx context.Context, name string, requests []mlops.Request) error {
	if found, ok := c.specs.names[mlops.KindModel][name]; ok && !found.document.Deleted {
		return nil
	}
	if err := mlops.ValidateName(name); err != nil {
		for _, request := range requests {
			c.log.Warn("request for a model that cannot be", "request", request.Key())
			if err := c.project.Answered(ctx, request); err != nil {
				return err
			}
		}
		return nil
	}
	return c.read(ctx, name)
}

func compareIDs(a, b mlops.Request) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Key(), b.Key()))
}

// move appends what comes next until nothing does, and then makes the platform agree.
func (c *Controller) move(ctx context.Context, memory *modelMemory, seen *view) error {
	model := memory.state.Model
	if memory.state.Parked != "" {
		return c.notifyParked(ctx, memory)
	}
	if c.idle(memory, seen) {
		return nil
	}
	if err := c.drain(ctx, memory, seen); err != nil {
		return err
	}
	idle := false
	for range eventsInPass {
		world, err := c.world(ctx, memory, seen)
		if err != nil {
			return err
		}
		event, some := mlops.Next(memory.state, world)
		if !some {
			idle = true
			break
		}
		event.Time = world.Now
		next, err := c.project.AppendModel(ctx, memory.state, event)
		if errors.Is(err, mlops.ErrConflict) {
			return nil // somebody else has decided: the next pass looks at everything again
		}
		if err != nil {
			return err
		}
		memory.state = next
		c.log.Info("event", "model", model, "sequence", next.Sequence, "type", event.Type, "run", event.RunID)
		if event.RequestID != "" {
			if err := c.drain(ctx, memory, seen); err != nil {
				return err
			}
		}
		if next.Sequence-memory.kept >= snapshotEvery {
			c.keep(ctx, memory)
		}
	}
	if idle && memory.state.Sequence > memory.kept {
		c.keep(ctx, memory)
	}
	return errors.Join(c.ensureJobs(ctx, memory, seen), c.ensureServices(ctx, memory, seen), c.dropJobs(ctx, memory, seen), c.notifyModel(ctx, memory))
}

// idle says that a model is over and nobody asks anything of it.
func (c *Controller) idle(memory *modelMemory, seen *view) bool {
	over := memory.state.Deleted || memory.state.Incarnation == ""
	found, declared := c.specs.names[mlops.KindModel][memory.state.Model]
	return over && (!declared || found.document.Deleted) && len(seen.requests[memory.state.Model]) == 0 && len(c.jobsOf(memory.state.Model, seen)) == 0
}

// drain removes answered requests from the inbox. It must not fall behind the log, which remembers only the last of them.
func (c *Controller) drain(ctx context.Context, memory *modelMemory, seen *view) error {
	name := memory.state.Model
	open := memory.state.Unanswered(seen.requests[name])
	if len(open) == len(seen.requests[name]) {
		return nil
	}
	stands := 0 // open keeps the order of the inbox
	for _, request := range seen.requests[name] {
		if stands < len(open) && open[stands].Key() == request.Key() {
			stands++
			continue
		}
		if err := c.project.Answered(ctx, request); err != nil {
			return fmt.Errorf("request %s: %w", request.Key(), err)
		}
	}
	seen.requests[name] = open
	return nil
}

// keep stores a snapshot; it is a cache, so that it may fail.
func (c *Controller) keep(ctx context.Context, memory *modelMemory) {
	if err := c.project.KeepModel(ctx, memory.state); err != nil {
		c.log.Warn("snapshot", "model", memory.state.Model, "error", err)
		return
	}
	memory.kept = memory.state.Sequence
}
