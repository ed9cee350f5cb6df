package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// asking is what every command that asks the controller for something has in common: who asks, why, and how long to wait
// for the answer. The controller answers in the model's log, so an answer is never lost and a second look finds it.
type asking struct {
	reason  string
	as      string
	noWait  bool
	timeout time.Duration
	json    bool
}

const (
	answerTimeout = 30 * time.Second
	pollInterval  = 200 * time.Millisecond
)

func (a *asking) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&a.reason, "reason", "", "why, for everybody who reads the history")
	flags.StringVar(&a.as, "as", "", "`name` to ask as instead of the user's own (nobody checks it on one machine)")
	flags.BoolVar(&a.noWait, "no-wait", false, "leave the request and do not wait for the answer")
	flags.DurationVar(&a.timeout, "timeout", answerTimeout, "how long to wait for the answer")
	flags.BoolVar(&a.json, "json", false, "print request and answer as JSON")
}

// requireReason is for decisions that others must be able to understand later.
func (a *asking) requireReason(cmd *cobra.Command) error {
	if strings.TrimSpace(a.reason) == "" {
		return usageError(`say why: %s ... --reason "..."`, cmd.CommandPath())
	}
	return nil
}

// actor is who asks; on one machine it is taken on trust.
func (a *asking) actor() mlops.Actor {
	name := a.as
	if name == "" {
		name = os.Getenv("USER")
	}
	if name == "" {
		if current, err := user.Current(); err == nil {
			name = current.Username
		}
	}
	if name == "" {
		name = "unknown"
	}
	return mlops.Actor{Name: name}
}

// answered is a request and what became of it.
type answered struct {
	Request mlops.Request `json:"request"`
	Answer  *mlops.Event  `json:"answer"` // nil where nobody has answered (yet)
}

// ask stores the request and waits for its answer, which it prints. The error is a refusal, or that nobody answered.
func (a *asking) ask(cmd *cobra.Command, in *project.Project, request mlops.Request) (answered, error) {
	ctx := cmd.Context()
	if a.as != "" && in.Inbox != nil {
		return answered{}, usageError("--as %s: on Azure one asks as who one is signed in as: leave it out, or sign in as somebody else", a.as)
	}
	request.Actor, request.Reason = a.actor(), a.reason
	if err := in.MayWrite(ctx); err != nil {
		return answered{}, err
	}
	state, err := in.Model(ctx, request.Model)
	if err != nil {
		return answered{}, err
	}
	if state.Parked != "" {
		return answered{}, fmt.Errorf("model %q is left alone until its log is mended, so nobody could answer: %s", request.Model, state.Parked)
	}
	if request, err = in.Ask(ctx, request); err != nil {
		return answered{}, err
	}
	result := answered{Request: request}
	if a.noWait {
		return result, a.report(cmd, result, "asked; see the answer with `mlops runs "+request.Model+"`")
	}
	if running, message := in.Workloads.Running(ctx); !running {
		cmd.PrintErrf("%s; the request waits until then\n", message)
	}
	result.Answer, err = a.await(cmd, in, state, request)
	if err != nil {
		return result, err
	}
	if a.json {
		return result, errors.Join(printJSON(cmd.OutOrStdout(), result), refusal(*result.Answer))
	}
	if err := refusal(*result.Answer); err != nil {
		return result, err
	}
	return result, a.report(cmd, result, answerWords(request, *result.Answer))
}

func (a *asking) report(cmd *cobra.Command, result answered, text string) error {
	if a.json {
		return printJSON(cmd.OutOrStdout(), result)
	}
	fmt.Fprintln(cmd.OutOrStdout(), text)
	return nil
}

// await reads the model's log on until the request is answered.
func (a *asking) await(cmd *cobra.Command, in *project.Project, state mlops.State, request mlops.Request) (*mlops.Event, error) {
	done := progress(cmd.ErrOrStderr(), "waiting for the controller's answer")
	defer done()
	ctx, cancel := context.WithTimeout(cmd.Context(), a.timeout)
	defer cancel()
	var answer *mlops.Event
	head := eventlog.Head{Sequence: state.Sequence, SHA256: state.SHA256}
	err := follow(ctx, in, request.Model, head, func(event mlops.Event) bool {
		if event.RequestID == request.Key() {
			answer = &event
		}
		return answer != nil
	})
	if cmd.Context().Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, unanswered(cmd.Context(), in, request, a.timeout)
	}
	return answer, err
}

func unanswered(ctx context.Context, in *project.Project, request mlops.Request, waited time.Duration) error {
	text := fmt.Sprintf("no answer within %s; the request stays (%s) and is answered once the controller runs", waited, project.RequestKey(request))
	if running, message := in.Workloads.Running(ctx); !running {
		return exitError{code: exitFailed, message: text + ": " + message}
	}
	return exitError{code: exitFailed, message: text + ": see `mlops logs control`"}
}

// follow visits the events of a model's log after a head, and those that come, until visit returns true or ctx ends.
func follow(ctx context.Context, in *project.Project, model string, head eventlog.Head, visit func(mlops.Event) (enough bool)) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		for entry, err := range in.ModelLog(model).After(ctx, head) {
			if err != nil {
				return fmt.Errorf("model %q: %w", model, err)
			}
			event, err := mlops.DecodeEvent(entry.Data)
			if err != nil {
				return fmt.Errorf("model %q: event %d: %w", model, entry.Sequence, err)
			}
			head = entry.Head
			if visit(event) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// refusal is the error of an answer that says no.
func refusal(answer mlops.Event) error {
	if answer.Type != mlops.RequestRefused && answer.Type != mlops.RunRefused {
		return nil
	}
	text := "refused: " + lineage.Words(answer)
	if answer.Guard != "" {
		text += " (--force passes the guards)"
	}
	return exitError{code: exitFailed, message: text}
}

// answerWords is what was decided, as one line.
func answerWords(request mlops.Request, answer mlops.Event) string {
	run := ""
	if answer.RunID != "" {
		run = " " + answer.RunID
	}
	if answer.Type == mlops.RunJoined {
		return fmt.Sprintf("joined run%s of %s, which is under way already", run, request.Model)
	}
	words := lineage.Words(answer)
	if words != "" {
		words = ": " + words
	}
	if answer.RunID == "" {
		return fmt.Sprintf("%s %s%s", request.Model, typeWords(answer.Type), words)
	}
	return fmt.Sprintf("run%s of %s %s%s", run, request.Model, typeWords(answer.Type), words)
}

func typeWords(kind mlops.EventType) string { return strings.ReplaceAll(string(kind), "_", " ") }
