package monitor

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Api-versions of what is called by a key.
const (
	webVersion   = "2022-09-01"
	logicVersion = "2019-05-01"
)

// functionURL is the address of a function with its key, which is a secret.
func functionURL(ctx context.Context, client *arm.Client, app, function string) (string, error) {
	at := app + "/functions/" + function
	var found struct {
		Properties struct {
			Template string `json:"invoke_url_template"`
		} `json:"properties"`
	}
	if err := client.Get(ctx, at, webVersion, &found); err != nil {
		return "", fmt.Errorf("function %q: %w", function, err)
	}
	address, err := url.Parse(found.Properties.Template)
	if err != nil || address.Scheme != "https" || address.Host == "" {
		return "", fmt.Errorf("function %q of %s: %w: it has no https trigger", function, app, mlops.ErrInvalid)
	}
	keys := map[string]string{}
	if err := client.Post(ctx, at, "listKeys", webVersion, nil, &keys, arm.Condition{}); err != nil {
		return "", fmt.Errorf("key of function %q: %w", function, err)
	}
	key := keys["default"]
	if names := slices.Sorted(maps.Keys(keys)); key == "" && len(names) > 0 {
		key = keys[names[0]]
	}
	if key != "" { // an anonymous function has none
		query := address.Query()
		query.Set("code", key)
		address.RawQuery = query.Encode()
	}
	return address.String(), nil
}

// logicAppURL is the address of a workflow's one request trigger, which is a secret.
func logicAppURL(ctx context.Context, client *arm.Client, id string) (string, error) {
	var workflow struct {
		Properties struct {
			Definition struct {
				Triggers map[string]struct{ Type string } `json:"triggers"`
			} `json:"definition"`
		} `json:"properties"`
	}
	if err := client.Get(ctx, id, logicVersion, &workflow); err != nil {
		return "", fmt.Errorf("logic app: %w", err)
	}
	var triggers []string
	for name, trigger := range workflow.Properties.Definition.Triggers {
		if strings.EqualFold(trigger.Type, "Request") {
			triggers = append(triggers, name)
		}
	}
	if len(triggers) != 1 {
		return "", fmt.Errorf("logic app %s: %w: it has %d triggers of type Request, and one is needed", id, mlops.ErrInvalid, len(triggers))
	}
	var callback struct{ Value string }
	if err := client.Post(ctx, id+"/triggers/"+triggers[0], "listCallbackUrl", logicVersion, nil, &callback, arm.Condition{}); err != nil {
		return "", fmt.Errorf("callback of logic app: %w", err)
	}
	return callback.Value, nil
}
