package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/numbered"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// componentsVersion is of the management API of Application Insights.
const componentsVersion = "2020-02-02"

// component is an Application Insights component as Azure tells it.
type component struct {
	Location   string `json:"location"`
	Properties struct {
		ConnectionString string `json:"ConnectionString"`
	} `json:"properties"`
}

func (s *session) component(ctx context.Context, id string) (component, error) {
	var found component
	if err := s.resources.Get(ctx, id, componentsVersion, &found); err != nil {
		return found, fmt.Errorf("application insights %s: %w", id, err)
	}
	return found, nil
}

// wantedTelemetry is where the numbers of a project are to go, by what is declared and by what the component says.
func (g *ground) wantedTelemetry(ctx context.Context, own mlops.Project) (mlops.Telemetry, error) {
	declared := own.Azure.Telemetry
	if declared == nil {
		return mlops.Telemetry{}, nil
	}
	wanted := mlops.Telemetry{Component: declared.ApplicationInsightsID, ConnectionString: declared.ConnectionString}
	if wanted.ConnectionString != "" || wanted.Component == "" {
		return wanted, nil
	}
	found, err := g.of.session.component(ctx, wanted.Component)
	if err == nil && found.Properties.ConnectionString == "" {
		err = fmt.Errorf("application insights %s: %w: it says no connection string", wanted.Component, mlops.ErrInvalid)
	}
	wanted.ConnectionString = found.Properties.ConnectionString
	return wanted, err
}

// settleTelemetry writes into the store where what runs is to send its numbers: it may not ask for that itself.
func (g *ground) settleTelemetry(ctx context.Context, own mlops.Project) error {
	wanted, err := g.wantedTelemetry(ctx, own)
	if err != nil {
		return err
	}
	for {
		var found mlops.Telemetry
		number, err := numbered.Newest(ctx, g.of.store, mlops.TelemetryPrefix, &found)
		if err != nil || sameTelemetry(found, wanted) {
			return err
		}
		wanted.Schema, wanted.Writer = mlops.TelemetrySchema, project.NewWriter()
		document, err := json.Marshal(wanted)
		if err != nil {
			return err
		}
		// After a lost reply, or where another apply was first, what stands there decides.
		if err := g.of.store.Create(ctx, numbered.Key(mlops.TelemetryPrefix, number+1), document); err != nil && !errors.Is(err, mlops.ErrExists) {
			return fmt.Errorf("telemetry: %w", err)
		}
	}
}

// telemetrySettled says whether that is so.
func (g *ground) telemetrySettled(ctx context.Context, own mlops.Project) (bool, error) {
	wanted, err := g.wantedTelemetry(ctx, own)
	if errors.Is(err, mlops.ErrNotFound) { // the component is gone
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var found mlops.Telemetry
	_, err = numbered.Newest(ctx, g.of.store, mlops.TelemetryPrefix, &found)
	return sameTelemetry(found, wanted), err
}

func sameTelemetry(a, b mlops.Telemetry) bool {
	return mlops.SameARMID(a.Component, b.Component) && a.ConnectionString == b.ConnectionString
}
