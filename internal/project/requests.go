package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

var notInKey = regexp.MustCompile(`[^a-z0-9_-]+`)

// longestPart keeps the parts of keys usable as names of files.
const longestPart = 100

// KeyPart makes a name ("Ada@Example.com") usable as one part of a key ("ada-example-com"). It tells no two names apart.
func KeyPart(name string) string {
	part := notInKey.ReplaceAllString(strings.ToLower(name), "-")
	part = strings.Trim(part[:min(len(part), longestPart)], "-")
	if part == "" {
		return "unknown"
	}
	return part
}

// RequestKey is where a request stands: below requests/ in the store, or in an inbox of their own where who asks is verified.
func RequestKey(request mlops.Request) string {
	if request.Actor.Verified {
		return fmt.Sprintf("%s/%s.json", KeyPart(request.Actor.ID), request.ID)
	}
	return fmt.Sprintf("requests/%s/%s.json", KeyPart(request.Actor.Name), request.ID)
}

// inbox is the store in which requests stand, and the prefix below which they do.
func (p *Project) inbox() (in platform.Store, prefix string) {
	if p.Inbox != nil {
		return p.Inbox.Store, ""
	}
	return p.Store, "requests/"
}

// largestRequest is far more than anybody writes by hand, in bytes: the inbox is read in each pass.
const largestRequest = 64 << 10

// Ask stores a request and returns it with id, writer and time filled in. The controller answers in the model's log. An id
// that is given stays: asking again under it is mlops.ErrConflict, and what it asked for is asked for once.
func (p *Project) Ask(ctx context.Context, request mlops.Request) (mlops.Request, error) {
	request.Schema, request.Writer, request.Time = mlops.RequestSchema, p.NewWriter(), p.Now()
	if request.ID == "" {
		request.ID = request.Time.Format(mlops.TimeKey) + "-" + request.Writer
	}
	if p.Inbox == nil {
		request.Actor = unverified(request.Actor)
		return request, p.leave(ctx, request)
	}
	folders, err := p.Inbox.Folders(ctx)
	if err != nil {
		return request, fmt.Errorf("request %s of model %q: who asks: %w", request.Action, request.Model, err)
	}
	var refused error
	for _, folder := range folders {
		request.Actor = verified(strings.ToLower(folder))
		err := p.leave(ctx, request)
		if !errors.Is(err, mlops.ErrForbidden) {
			return request, err
		}
		if refused == nil {
			refused = fmt.Errorf("%w. You are object id %s: the project lets its owners and requesters ask who have a principal_id, each for themselves", err, folder)
		}
	}
	return request, refused
}

// leave stores a request below the folder of who asks.
func (p *Project) leave(ctx context.Context, request mlops.Request) error {
	data, err := json.MarshalIndent(request, "", "  ")
	if err != nil {
		return err
	}
	if len(data) > largestRequest {
		return fmt.Errorf("request %s of model %q: %w: it is longer than %d bytes: shorten its reason", request.Action, request.Model, mlops.ErrInvalid, largestRequest)
	}
	in, _ := p.inbox()
	if err := eventlog.CreateOnce(ctx, in, RequestKey(request), data, request.Writer); err != nil {
		return fmt.Errorf("request %s of model %q: %w", request.Action, request.Model, err)
	}
	return nil
}

// verified is the owner of a folder of the inbox. Their name is for whoever knows the owners to say.
func verified(objectID string) mlops.Actor {
	return mlops.Actor{Name: objectID, ID: objectID, Verified: true}
}

// unverified is somebody whom nobody has checked, whatever a document says.
func unverified(actor mlops.Actor) mlops.Actor { return mlops.Actor{Name: actor.Name} }

// Requests returns the requests that still stand in the inbox, oldest first by key. Who asked is taken from the folder.
// A document that cannot be read is named in the error and does not hide the others.
func (p *Project) Requests(ctx context.Context) ([]mlops.Request, error) {
	in, prefix := p.inbox()
	entries, err := in.List(ctx, prefix, "", 0)
	if err != nil {
		return nil, err
	}
	var requests []mlops.Request
	var faults []error
	for _, entry := range entries {
		if entry.Size > largestRequest {
			faults = append(faults, fmt.Errorf("%s: %w: %d bytes are no request", entry.Key, mlops.ErrInvalid, entry.Size))
			continue
		}
		data, err := in.Read(ctx, entry.Key)
		if errors.Is(err, mlops.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var request mlops.Request
		err = json.Unmarshal(data, &request)
		if p.Inbox != nil {
			owner, _, _ := strings.Cut(entry.Key, "/")
			request.Actor = verified(owner) // never from the body
		} else {
			request.Actor = unverified(request.Actor)
		}
		if err != nil || RequestKey(request) != entry.Key {
			faults = append(faults, fmt.Errorf("%s: %w: not a request of its folder's owner", entry.Key, mlops.ErrInvalid))
			continue
		}
		requests = append(requests, request)
	}
	return requests, errors.Join(faults...)
}

// Answered removes a request that the log has answered, so that the inbox never grows with history.
func (p *Project) Answered(ctx context.Context, request mlops.Request) error {
	in, _ := p.inbox()
	return in.Delete(ctx, RequestKey(request))
}

// Notify records a notification and tells its receivers, once for each key.
func (p *Project) Notify(ctx context.Context, notification mlops.Notification, owners []mlops.Owner) (sent bool, err error) {
	notification.Schema, notification.Writer, notification.Time = mlops.NotificationSchema, p.NewWriter(), p.Now()
	for _, owner := range owners {
		notification.Receivers = append(notification.Receivers, owner.Email)
	}
	data, err := json.MarshalIndent(notification, "", "  ")
	if err != nil {
		return false, err
	}
	key := "alerts/" + notification.Key + ".json"
	if _, err := p.Store.Read(ctx, key); err == nil {
		return false, nil
	} else if !errors.Is(err, mlops.ErrNotFound) {
		return false, err
	}
	// Told first, recorded then: a crash in between repeats a message, never loses one.
	if err := p.Notifier.Send(ctx, notification, owners); err != nil {
		return false, fmt.Errorf("notification %s: %w", notification.Key, err)
	}
	err = eventlog.CreateOnce(ctx, p.Store, key, data, notification.Writer)
	if errors.Is(err, mlops.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}
