package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Error is what Azure refused, and what to do next.
type Error struct {
	Status  int
	Code    string // "AuthorizationFailed"; "" where there is none
	Message string // of the service
	Method  string
	ID      string
	// RetryAfter is how long a throttled caller is asked to wait; zero where it is not said.
	RetryAfter time.Duration
}

// Error says what was asked, what the service answered, and the next step where one is known.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: %d", e.Method, e.ID, e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if next := e.NextStep(); next != "" {
		text += "\n" + next
	}
	return text
}

// Is makes 404 an mlops.ErrNotFound, and 409 and 412 an mlops.ErrConflict.
func (e *Error) Is(target error) bool {
	switch target {
	case mlops.ErrNotFound:
		return e.Status == http.StatusNotFound
	case mlops.ErrConflict:
		return e.Status == http.StatusConflict || e.Status == http.StatusPreconditionFailed
	}
	return false
}

// Forbidden says whether an error is a refusal for want of a role.
func Forbidden(err error) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Status == http.StatusForbidden && refused.Code != policyDenied
}

// failed gives any failure of a call its words.
func failed(ctx context.Context, method, id string, err error) error {
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) {
		return unanswered(ctx, method, id, err)
	}
	found := &Error{Status: refused.StatusCode, Code: refused.ErrorCode, Method: method, ID: id}
	if refused.RawResponse == nil {
		return found
	}
	if wait, err := time.ParseDuration(refused.RawResponse.Header.Get("Retry-After") + "s"); err == nil {
		found.RetryAfter = wait
	}
	content, err := runtime.Payload(refused.RawResponse)
	if err != nil {
		return found
	}
	type said struct{ Code, Message string }
	var body struct {
		said        // action groups answer flat
		Error *said // all others
	}
	if json.Unmarshal(content, &body) != nil {
		return found
	}
	if body.Error == nil {
		body.Error = &body.said
	}
	found.Message = body.Error.Message
	if body.Error.Code != "" {
		found.Code = body.Error.Code
	}
	return found
}

// unanswered is a call that nobody answered.
func unanswered(ctx context.Context, method, id string, err error) error {
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("%s %s: no answer from Azure within the time given: raise the timeout, or try again: %w", method, id, context.DeadlineExceeded)
	case ctx.Err() != nil:
		return fmt.Errorf("%s %s: %w", method, id, ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s %s: no answer from Azure after %d tries: try again: %w", method, id, retries+1, err)
	}
	return fmt.Errorf("%s %s: %w", method, id, err)
}
