package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// Custom properties that are read. Rules over the controller's own gauges carry the first; a rule that a person made
// names the model to train, or the drift monitor to look at.
const (
	PropertySignal  = mlops.AlertPropertySignal
	PropertyModel   = "model"
	PropertyMonitor = "monitor"
)

// Actions lead alerts to the controller of one project. wake makes it look now.
type Actions struct {
	in   *project.Project
	wake func()
}

// NewActions acts on a project.
func NewActions(in *project.Project, wake func()) Actions { return Actions{in, wake} }

// Act wakes the controller for an alert over its own gauges, or over one of its monitors: the episode, and nothing else,
// says whether there is a run. One that names a model asks for training, as a person would; guards hold it back as they
// hold back a person. A resolved alert closes nothing here: an episode closes by its own windows.
func (a Actions) Act(ctx context.Context, alert Alert) (string, error) {
	model := alert.Properties[PropertyModel]
	ours := alert.Properties[PropertySignal] != "" || alert.Properties[PropertyMonitor] != ""
	switch {
	case ours:
		a.wake()
		return "the controller looks", nil
	case model == "":
		return "", fmt.Errorf("%w: the rule %q names neither a model nor a monitor in its custom properties", mlops.ErrInvalid, alert.Rule)
	case alert.Resolved:
		return "it is over", nil
	}
	if err := mlops.ValidateName(model); err != nil {
		return "", err
	}
	declared, err := a.in.SpecDocument(ctx, mlops.KindModel, model)
	if err != nil || declared.Deleted {
		return "", fmt.Errorf("the rule %q asks for training of model %q: %w", alert.Rule, model, errors.Join(err, mlops.ErrNotFound))
	}
	_, err = a.in.Ask(ctx, mlops.Request{
		ID: requestID(alert), Actor: mlops.Actor{Name: "azure-monitor"}, Action: mlops.ActionTrain, Model: model,
		Reason: fmt.Sprintf("alert %q of Azure Monitor (%s)", alert.Rule, alert.Severity),
	})
	if err != nil && !errors.Is(err, mlops.ErrConflict) { // a conflict: this alert has asked already
		return "", err
	}
	a.wake()
	return "asked for a run of " + model, nil
}

// requestID is a function of the alert: a thousand deliveries are one request, and one run.
func requestID(alert Alert) string {
	sum := sha256.Sum256([]byte(alert.Key()))
	return alert.Fired.UTC().Format(mlops.TimeKey) + "-" + hex.EncodeToString(sum[:8])
}
