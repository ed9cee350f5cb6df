package blob

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
)

type triesKey struct{}

// counting lets countTries count how often a call is sent, which is written to tries.
func counting(ctx context.Context) (counted context.Context, tries *int) {
	tries = new(int)
	return context.WithValue(ctx, triesKey{}, tries), tries
}

// countTries counts the tries of a call.
type countTries struct{}

// Do implements policy.Policy.
func (countTries) Do(request *policy.Request) (*http.Response, error) {
	if tries, ok := request.Raw().Context().Value(triesKey{}).(*int); ok {
		*tries++
	}
	return request.Next()
}

// awaitAccess tries again while a role is missing, until a time: a role assignment that was made just now acts after minutes.
type awaitAccess struct {
	until atomic.Pointer[time.Time] // nil: it is not waited
	pause time.Duration
}

// wait lets it try until a time, if that is later than it tries anyway.
func (a *awaitAccess) wait(until time.Time) {
	for {
		before := a.until.Load()
		if before != nil && !before.Before(until) || a.until.CompareAndSwap(before, &until) {
			return
		}
	}
}

func (a *awaitAccess) over() bool {
	until := a.until.Load()
	return until == nil || !time.Now().Before(*until)
}

// Do implements policy.Policy.
func (a *awaitAccess) Do(request *policy.Request) (*http.Response, error) {
	for {
		response, err := request.Clone(request.Raw().Context()).Next()
		if err != nil || response.StatusCode != http.StatusForbidden || a.over() ||
			response.Header.Get("x-ms-error-code") != string(bloberror.AuthorizationPermissionMismatch) {
			return response, err
		}
		_ = response.Body.Close()
		select {
		case <-request.Raw().Context().Done():
			return nil, request.Raw().Context().Err()
		case <-time.After(a.pause):
		}
		if err := request.RewindBody(); err != nil {
			return nil, err
		}
	}
}
