package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/webhook"
)

// notifier appends each notification to a file, for people and their tools, and posts it to the owners' webhooks.
type notifier struct{ file string }

// Send writes the line first, so that a webhook that is down hides nothing. A receiver that was told before an error is
// told again by the next try: it knows the notification by its key.
func (n *notifier) Send(ctx context.Context, notification mlops.Notification, owners []mlops.Owner) error {
	body, err := json.Marshal(notification)
	if err != nil {
		return err
	}
	if err := n.append(body); err != nil {
		return fmt.Errorf("%s: %w", n.file, err)
	}
	var faults []error
	for _, owner := range owners {
		if owner.Webhook != "" {
			faults = append(faults, webhook.Post(ctx, http.DefaultClient, owner.Webhook, body))
		}
	}
	return errors.Join(faults...)
}

func (n *notifier) append(line []byte) error {
	if err := os.MkdirAll(filepath.Dir(n.file), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(n.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	// One write of a whole line: lines of several processes do not mix.
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}
