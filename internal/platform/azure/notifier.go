package azure

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/webhook"
)

// notifier posts notifications, which the project's store has recorded before, to the owners' webhooks.
type notifier struct {
	client *http.Client
	of     *opened
}

// notifierOf tells owners by their webhooks, and, in a pod of the project, machines by an event.
func (c *Connection) notifierOf(of *opened) platform.Notifier {
	own := &notifier{client: c.client(), of: of}
	if c.options.Environment(variableCluster) == "" {
		return own
	}
	return notifiers{own, of.telling}
}

// Send tells every owner who has a webhook, but for what Azure Monitor tells them.
func (n *notifier) Send(ctx context.Context, notification mlops.Notification, owners []mlops.Owner) error {
	own, err := n.of.spec.get(ctx)
	if err == nil && own.Azure.Alerts != nil && notification.Topic != mlops.TopicPromoted { // no rule tells good news
		return nil
	}
	body, err := json.Marshal(notification)
	if err != nil {
		return err
	}
	var faults []error
	for _, owner := range owners {
		if owner.Webhook != "" {
			faults = append(faults, webhook.Post(ctx, n.client, owner.Webhook, body))
		}
	}
	return errors.Join(faults...)
}

// notifiers tell each in turn.
type notifiers []platform.Notifier

// Send tells all of them; one that fails keeps none from hearing.
func (n notifiers) Send(ctx context.Context, notification mlops.Notification, owners []mlops.Owner) error {
	var faults []error
	for _, one := range n {
		faults = append(faults, one.Send(ctx, notification, owners))
	}
	return errors.Join(faults...)
}
