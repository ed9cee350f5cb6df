package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/alert"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// alertFlags say where alerts of Azure Monitor are taken, and from whom.
type alertFlags struct {
	listen string
	trust  alert.Trust
}

func (f *alertFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.listen, "alerts-listen", "", "take Azure Monitor's alerts (secure webhook, common alert schema) at this address, for example :8080")
	flags.StringVar(&f.trust.Tenant, "alerts-tenant", "", "Entra tenant whose tokens such alerts carry")
	flags.StringSliceVar(&f.trust.Audiences, "alerts-audience", nil, "application id or identifier URI that the tokens are for; may be given again")
	flags.StringVar(&f.trust.Authority, "alerts-authority", "https://login.microsoftonline.com", "address of Entra")
}

// open listens, so that a bad address or trust is an error before the controller starts. Without an address it is nil.
func (f *alertFlags) open(ctx context.Context, in *project.Project, wake func(), log hclog.Logger) (serve func(context.Context) error, err error) {
	if f.listen == "" {
		return nil, nil //nolint:nilnil // nothing to serve is no fault
	}
	verifier, err := alert.NewVerifier(f.trust, http.DefaultClient, in.Now)
	if err != nil {
		return nil, usageError("--alerts-listen takes alerts with a token alone: give --alerts-tenant and --alerts-audience too: %v", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return nil, fmt.Errorf("--alerts-listen: %w", err)
	}
	receiver := alert.NewReceiver(verifier.Verify, alert.NewActions(in, wake).Act, log.Named("alerts"))
	return func(ctx context.Context) error { return alert.Serve(ctx, listener, receiver, log.Named("alerts")) }, nil
}

// looks ticks at each interval, and whenever wake is called.
func looks(ctx context.Context, interval time.Duration) (ticks <-chan time.Time, wake func()) {
	looks := make(chan time.Time, 1)
	wake = func() {
		select {
		case looks <- time.Time{}:
		default: // a look is due already
		}
	}
	go func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				wake()
			}
		}
	}()
	return looks, wake
}
