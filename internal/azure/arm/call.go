package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Condition makes a write depend on what is there; the zero value makes it depend on nothing.
type Condition struct {
	IfMatch     string // the ETag that was read
	IfNoneMatch string // "*": nothing is there
}

// Get reads a resource into a value; mlops.ErrNotFound where there is none.
func (c *Client) Get(ctx context.Context, id, version string, into any) error {
	_, err := c.send(ctx, http.MethodGet, id, version, nil, into, Condition{})
	return err
}

// Put creates or replaces a resource, waits until that is done, and reads what came of it into a value (nil: not).
func (c *Client) Put(ctx context.Context, id, version string, body, into any, condition Condition) error {
	return c.change(ctx, http.MethodPut, id, version, body, into, condition)
}

// Patch changes a part of a resource, and waits as Put does.
func (c *Client) Patch(ctx context.Context, id, version string, body, into any, condition Condition) error {
	return c.change(ctx, http.MethodPatch, id, version, body, into, condition)
}

// Post calls an action of a resource, and waits as Put does. body and into may be nil.
func (c *Client) Post(ctx context.Context, id, action, version string, body, into any, condition Condition) error {
	return c.change(ctx, http.MethodPost, id+"/"+action, version, body, into, condition)
}

// Delete removes a resource and waits until it is gone. What is not there is no error.
func (c *Client) Delete(ctx context.Context, id, version string, condition Condition) error {
	err := c.change(ctx, http.MethodDelete, id, version, nil, nil, condition)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil
	}
	return err
}

// List calls each with every resource of a collection, page by page; query may be nil.
func (c *Client) List(ctx context.Context, collection, version string, query url.Values, each func(json.RawMessage) error) error {
	next := c.address(collection, version, query)
	for next != "" {
		var page struct {
			Value    []json.RawMessage `json:"value"`
			NextLink string            `json:"nextLink"`
		}
		if _, err := c.do(ctx, http.MethodGet, next, collection, nil, &page, Condition{}); err != nil {
			return err
		}
		for _, one := range page.Value {
			if err := each(one); err != nil {
				return err
			}
		}
		if page.NextLink == next {
			return fmt.Errorf("list %s: the service answers the same page for ever", collection)
		}
		next = page.NextLink
	}
	return nil
}

func (c *Client) address(id, version string, query url.Values) string {
	values := url.Values{"api-version": {version}}
	maps.Copy(values, query)
	at := c.base.JoinPath(strings.TrimPrefix(id, "/"))
	at.RawQuery = values.Encode()
	return at.String()
}

func (c *Client) send(ctx context.Context, method, id, version string, body, into any, condition Condition) (*http.Response, error) {
	return c.do(ctx, method, c.address(id, version, nil), id, body, into, condition)
}

// do sends one request, with the retries of the pipeline, and decodes a good answer.
func (c *Client) do(ctx context.Context, method, address, id string, body, into any, condition Condition) (*http.Response, error) {
	request, err := runtime.NewRequest(ctx, method, address)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, id, err)
	}
	request.Raw().Header.Set("Accept", "application/json")
	if condition.IfMatch != "" {
		request.Raw().Header.Set("If-Match", condition.IfMatch)
	}
	if condition.IfNoneMatch != "" {
		request.Raw().Header.Set("If-None-Match", condition.IfNoneMatch)
	}
	if body != nil {
		if err := runtime.MarshalAsJSON(request, body); err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, id, err)
		}
	}
	response, err := c.pipeline.Do(request)
	if err != nil {
		return nil, failed(ctx, method, id, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, failed(ctx, method, id, runtime.NewResponseError(response))
	}
	return response, decode(response, method, id, into)
}

func decode(response *http.Response, method, id string, into any) error {
	content, err := runtime.Payload(response)
	if err != nil {
		return fmt.Errorf("%s %s: reading the answer: %w", method, id, err)
	}
	if into == nil || len(content) == 0 {
		return nil
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s %s: the answer is not what was expected: %w", method, id, err)
	}
	return nil
}

// change sends a write and follows it to its end.
func (c *Client) change(ctx context.Context, method, id, version string, body, into any, condition Condition) error {
	response, err := c.send(ctx, method, id, version, body, nil, condition)
	if err != nil {
		return err
	}
	if !goesOn(response) {
		return decode(response, method, id, into)
	}
	poller, err := runtime.NewPoller[json.RawMessage](response, c.pipeline, nil)
	if err != nil {
		return failed(ctx, method, id, err)
	}
	result, err := poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: c.poll})
	var refused *azcore.ResponseError
	creates := method == http.MethodPut || method == http.MethodPatch
	if creates && errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound {
		return c.settled(ctx, id, version, into) // it is done, and not yet seen everywhere
	}
	if err != nil {
		return failed(ctx, method, id, err)
	}
	if into == nil || len(result) == 0 {
		return nil
	}
	if err := json.Unmarshal(result, into); err != nil {
		return fmt.Errorf("%s %s: the answer is not what was expected: %w", method, id, err)
	}
	return nil
}

// goesOn says whether a write was taken on, not done.
func goesOn(response *http.Response) bool {
	header := response.Header
	if response.StatusCode == http.StatusAccepted || header.Get("Azure-AsyncOperation") != "" || header.Get("Operation-Location") != "" {
		return true
	}
	if method := response.Request.Method; method != http.MethodPut && method != http.MethodPatch {
		return false
	}
	var state struct {
		Properties struct {
			ProvisioningState string `json:"provisioningState"`
		} `json:"properties"`
	}
	content, err := runtime.Payload(response)
	if err != nil || json.Unmarshal(content, &state) != nil {
		return false
	}
	switch strings.ToLower(state.Properties.ProvisioningState) {
	case "", "succeeded", "completed":
		return false
	}
	return true
}

// settled reads a resource that was made a moment ago until every reader sees it.
func (c *Client) settled(ctx context.Context, id, version string, into any) error {
	delay := c.delay
	for tries := 0; ; tries++ {
		err := c.Get(ctx, id, version, into)
		if !errors.Is(err, mlops.ErrNotFound) || tries == retries {
			return err
		}
		select {
		case <-ctx.Done():
			return failed(ctx, http.MethodGet, id, ctx.Err())
		case <-time.After(delay):
			delay *= 2
		}
	}
}
