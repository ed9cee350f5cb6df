package azure

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/webhook"
)

// notifier posts notifications, which the project's store has recorded before, to the owners' webhooks.
type notifier struct{ client *http.Client }

// Send tells every owner who has a webhook.
func (n *notifier) Send(ctx context.Context, notification mlops.Notification, owners []mlops.Owner) error {
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
