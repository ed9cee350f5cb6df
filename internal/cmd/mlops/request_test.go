package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/story"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// answer plays the controller: it answers the first request that comes with the events that decide returns, the first of
// them as the answer, and gives the request back.
func (p *place) answer(decide func(mlops.Request) []mlops.Event) <-chan mlops.Request {
	p.t.Helper()
	state, _ := p.head()
	asked := make(chan mlops.Request, 1)
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	p.t.Cleanup(cancel)
	go func() {
		defer close(asked)
		for ctx.Err() == nil {
			requests, err := p.in.Requests(ctx)
			if err != nil || len(requests) == 0 {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			for i, event := range decide(requests[0]) {
				if i == 0 {
					event.RequestID = requests[0].Key()
				}
				event.Actor = requests[0].Actor
				if state, err = p.in.AppendModel(ctx, state, event); err != nil {
					p.t.Error(err)
					return
				}
			}
			asked <- requests[0]
			return
		}
	}()
	return asked
}

func one(event mlops.Event) func(mlops.Request) []mlops.Event {
	return func(mlops.Request) []mlops.Event { return []mlops.Event{event} }
}

// What people ask is stored as they said it, and what was decided is printed.
func TestRequestsAreAskedAndAnswered(t *testing.T) {
	cause := &mlops.Cause{Kind: mlops.CauseRequest, Key: "carol/1", Text: "asked for by carol"}
	for _, c := range []struct {
		line   string
		want   mlops.Request
		answer mlops.Event
		code   int
		says   string
	}{
		{"approve latest --reason fine", mlops.Request{Action: mlops.ActionApprove, RunID: story.Waiting, Reason: "fine"},
			mlops.Event{Type: mlops.RunApproved, RunID: story.Waiting, Version: 3, Reason: "fine"}, 0, "run run-e600000000 of flight-delay approved: version 3; fine"},
		{"decline e6 --reason worse --as dora", mlops.Request{Action: mlops.ActionDecline, RunID: story.Waiting, Reason: "worse", Actor: mlops.Actor{Name: "dora"}},
			mlops.Event{Type: mlops.RunDeclined, RunID: story.Waiting, Reason: "worse"}, 0, "declined: worse"},
		{"approve latest --reason fine", mlops.Request{Action: mlops.ActionApprove, RunID: story.Waiting, Reason: "fine"},
			mlops.Event{Type: mlops.RequestRefused, Reason: "carol is not among the approvers"}, exitFailed, "refused: carol is not among the approvers"},
		{"runs cancel latest --reason oops", mlops.Request{Action: mlops.ActionCancel, RunID: story.Waiting, Reason: "oops"},
			mlops.Event{Type: mlops.RunCancelled, RunID: story.Waiting}, 0, "cancelled"},
		{"runs retry c4 --reason disk", mlops.Request{Action: mlops.ActionRetry, RunID: story.Failed, Reason: "disk"},
			mlops.Event{Type: mlops.RunRequested, RunID: story.Failed}, 0, "run run-c400000000 of flight-delay requested"},
		{"rollback flight-delay --to 2 --reason x", mlops.Request{Action: mlops.ActionRollback, Version: 2, Reason: "x"},
			mlops.Event{Type: mlops.RunRequested, RunID: "run-f700000000", Version: 2, Cause: &mlops.Cause{Kind: mlops.CauseRollback, Key: "k", Text: "back to version 2"}}, 0, "rollback: back to version 2"},
		{"freeze flight-delay --reason holiday", mlops.Request{Action: mlops.ActionFreeze, Reason: "holiday"},
			mlops.Event{Type: mlops.ModelFrozen, Reason: "holiday"}, 0, "flight-delay frozen: holiday"},
		{"thaw flight-delay --reason over", mlops.Request{Action: mlops.ActionThaw, Reason: "over"},
			mlops.Event{Type: mlops.RequestAnswered, Reason: "it is not frozen"}, 0, "it is not frozen"},
		{"train flight-delay --force", mlops.Request{Action: mlops.ActionTrain, Force: true},
			mlops.Event{Type: mlops.RunRequested, RunID: "run-f700000000", Cause: cause}, 0, "run run-f700000000 of flight-delay requested: request: asked for by carol"},
		{"train flight-delay", mlops.Request{Action: mlops.ActionTrain},
			mlops.Event{Type: mlops.RunJoined, RunID: story.Waiting, Cause: cause}, 0, "joined run run-e600000000 of flight-delay"},
		{"train flight-delay", mlops.Request{Action: mlops.ActionTrain},
			mlops.Event{Type: mlops.RunRefused, RunID: "run-f700000000", Cause: cause, Guard: mlops.GuardCooldown, NotBefore: time.Date(2030, 1, 2, 3, 4, 0, 0, time.UTC)},
			exitFailed, "guard cooldown; not before 2030-01-02 03:04 (--force passes the guards)"},
	} {
		t.Run(c.line+" "+string(c.answer.Type), func(t *testing.T) {
			p := planted(t)
			answered := p.answer(one(c.answer))
			p.shows(c.code, words(c.line), c.says)
			asked := <-answered
			if c.want.Actor.Name == "" {
				c.want.Actor.Name = "carol"
			}
			got := mlops.Request{Action: asked.Action, RunID: asked.RunID, Version: asked.Version, Reason: asked.Reason, Force: asked.Force, Actor: asked.Actor}
			if got != c.want || asked.Model != story.Model {
				t.Errorf("asked %+v, want %+v", asked, c.want)
			}
		})
	}
}

// The answer is what names the request, not what happens to come next.
func TestOthersAnswersAreNotMine(t *testing.T) {
	p := planted(t)
	done := p.answer(func(request mlops.Request) []mlops.Event {
		if _, err := p.in.Ask(t.Context(), mlops.Request{Actor: mlops.Actor{Name: "other"}, Action: mlops.ActionThaw, Model: story.Model}); err != nil {
			t.Error(err)
		}
		return nil
	})
	go func() {
		<-done
		state, _ := p.head()
		state, err := p.in.AppendModel(t.Context(), state, mlops.Event{Type: mlops.RequestRefused, RequestID: "other/1", Reason: "not yours"})
		if err != nil {
			t.Error(err)
			return
		}
		requests, err := p.in.Requests(t.Context())
		if err != nil {
			t.Error(err)
		}
		for _, request := range requests {
			if request.Actor.Name == "carol" {
				if _, err := p.in.AppendModel(t.Context(), state, mlops.Event{Type: mlops.ModelFrozen, RequestID: request.Key(), Reason: "mine"}); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	p.shows(0, words("freeze flight-delay --reason mine"), "frozen: mine")
}

// Where nobody answers, the request stays and the person is told what is missing.
func TestUnansweredRequestStays(t *testing.T) {
	p := planted(t)
	p.shows(exitFailed, words("freeze flight-delay --reason x --timeout 300ms"),
		"nothing runs: start `mlops local`; the request waits until then", "no answer within 300ms; the request stays (requests/carol/", "start `mlops local`")
	requests, err := p.in.Requests(t.Context())
	if err != nil || len(requests) != 1 {
		t.Errorf("requests %+v, %v", requests, err)
	}
}

func TestNoWait(t *testing.T) {
	p := planted(t)
	var result answered
	if err := json.Unmarshal([]byte(p.shows(0, words("train flight-delay --no-wait --json"))), &result); err != nil || result.Answer != nil || result.Request.ID == "" {
		t.Errorf("got %+v, %v", result, err)
	}
}

// A model whose log is broken cannot answer: the person learns it at once.
func TestParkedModelIsNotAsked(t *testing.T) {
	p := planted(t)
	_, head := p.head()
	if err := p.in.Store.Create(t.Context(), p.in.ModelLog(story.Model).Key(head.Sequence+1), []byte("poison")); err != nil {
		t.Fatal(err)
	}
	p.shows(exitFailed, words("freeze flight-delay --reason x"), "is left alone until its log is mended")
	if requests, _ := p.in.Requests(t.Context()); len(requests) != 0 {
		t.Errorf("it was asked all the same: %+v", requests)
	}
}

// Ctrl-C ends the waiting.
func TestWaitingEndsWithTheContext(t *testing.T) {
	p := planted(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if requests, err := p.in.Requests(ctx); err != nil || len(requests) > 0 {
				return
			}
		}
	}()
	_, stderr, code := typed(ctx, "freeze", story.Model, "--reason", "x", "--project", p.path)
	if code != exitFailed || !strings.Contains(stderr, context.Canceled.Error()) {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// --wait tells a run's steps until it is over or waits for somebody, and the exit code says how it went.
func TestTrainWaits(t *testing.T) {
	const id = "run-f700000000"
	for ending, code := range map[mlops.EventType]int{mlops.RunFailed: exitFailed, mlops.RunWaitingForData: 0} {
		p := planted(t)
		p.answer(func(request mlops.Request) []mlops.Event {
			return []mlops.Event{
				{Type: mlops.RunRequested, RunID: id, Cause: &mlops.Cause{Kind: mlops.CauseRequest, Key: request.Key()}},
				{Type: ending, RunID: id, Reason: "so it ends"},
			}
		})
		p.shows(code, words("train flight-delay --wait"), "requested", "so it ends")
	}
	if !errors.Is(found(mlops.ErrInvalid), exitError{code: exitUsage, message: mlops.ErrInvalid.Error()}) {
		t.Error("what cannot be meant is no usage error")
	}
}
