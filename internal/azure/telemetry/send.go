package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/klauspost/compress/gzip"
)

// send takes batch after batch to the service until the client is closed.
func (c *Client) send() {
	defer close(c.ended)
	for c.ctx.Err() == nil {
		lines, oldest, expired, waits := c.queue.first(c.options.Now())
		c.drop(DroppedBounds, expired)
		if !waits {
			select {
			case <-c.wake:
			case <-c.ctx.Done():
			}
			continue
		}
		verdict := c.post(c.ctx, lines)
		if c.ctx.Err() != nil {
			return // the batch stays
		}
		left, taken := verdict.sort(lines, oldest.items)
		err := c.queue.done(oldest, left)
		c.note(verdict, taken, oldest.items-taken-bytes.Count(left, []byte{'\n'}), err)
		if len(left) == 0 && err == nil {
			continue
		}
		c.rest(verdict.after)
	}
}

// verdict is what the service said of a batch.
type verdict struct {
	// retry is the whole batch again, else items by their index: what is neither retried nor refused was taken.
	retry   bool
	again   []int
	refused []int // with whole = true all
	whole   bool
	after   time.Duration // how long to rest, 0 where nothing is said
	err     error         // for people
}

// sort splits a batch into the lines that are left to send and the number that was taken.
func (v verdict) sort(lines []byte, items int) (left []byte, taken int) {
	switch {
	case v.retry:
		return lines, 0
	case v.whole:
		return nil, 0
	}
	for index, line := range slices.Collect(bytes.Lines(lines)) {
		switch {
		case slices.Contains(v.again, index):
			left = append(left, line...)
			items--
		case slices.Contains(v.refused, index):
			items--
		}
	}
	return left, items
}

// note keeps the state for State.
func (c *Client) note(v verdict, taken, refused int, err error) {
	c.drop(DroppedRefused, refused)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.state.Sent += int64(taken)
	c.state.LastError = ""
	if err := errors.Join(v.err, err); err != nil {
		c.state.LastError = err.Error()
	}
	if taken > 0 {
		c.state.LastSent = c.options.Now()
		c.pause = 0
	}
}

// rest waits: as long as the service asked for, else longer each time.
func (c *Client) rest(asked time.Duration) {
	c.mutex.Lock()
	c.pause = min(max(2*c.pause, c.options.FirstPause), c.options.LongestPause)
	pause := c.pause
	if asked > 0 {
		pause = asked
	}
	c.state.PausedUntil = c.options.Now().Add(pause)
	c.mutex.Unlock()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.state.PausedUntil = time.Time{}
}

const (
	trackPath     = "/v2.1/track"
	mostRedirects = 10
	longestReply  = 8 << 20
	// statusQuota is what the service answers, beside 402, when the day's quota is used up.
	statusQuota = 439
)

// post sends a batch once: to where the last redirect led, and with a fresh token where the one that is kept is refused.
func (c *Client) post(ctx context.Context, lines []byte) verdict {
	body, err := zipped(lines)
	if err != nil {
		return verdict{whole: true, err: err}
	}
	c.mutex.Lock()
	target := c.endpoint
	c.mutex.Unlock()
	if target == "" {
		target = c.connection.Endpoint + trackPath
	}
	fresh := false
	for range mostRedirects {
		response, reply, err := c.try(ctx, target, body, fresh)
		if err != nil {
			return verdict{retry: true, err: err}
		}
		switch response.StatusCode {
		case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			if target, err = redirected(target, response.Header.Get("Location")); err != nil {
				return verdict{retry: true, after: c.options.LongestPause, err: err}
			}
			c.mutex.Lock()
			c.endpoint = target
			c.mutex.Unlock()
			continue
		case http.StatusUnauthorized, http.StatusForbidden:
			if c.token != nil && !fresh {
				fresh = true
				continue
			}
		}
		return c.judge(response, reply)
	}
	return verdict{retry: true, after: c.options.LongestPause, err: errors.New("telemetry: redirected again and again")}
}

// try makes one request. Errors name the host alone.
func (c *Client) try(ctx context.Context, target string, body []byte, fresh bool) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, nil, errors.New("telemetry: the endpoint is no URL")
	}
	request.Header.Set("Content-Type", "application/x-json-stream")
	request.Header.Set("Content-Encoding", "gzip")
	if c.token != nil {
		token, err := c.token(ctx, fresh)
		if err != nil {
			return nil, nil, fmt.Errorf("telemetry: no token: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.options.Client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return nil, nil, fmt.Errorf("telemetry: %s: %w", request.URL.Host, err)
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(response.Body, longestReply))
	if err != nil {
		return nil, nil, fmt.Errorf("telemetry: %s: %w", request.URL.Host, err)
	}
	return response, reply, nil
}

// partial is the reply of the track API.
type partial struct {
	Errors []struct {
		Index   int    `json:"index"`
		Status  int    `json:"statusCode"`
		Message string `json:"message"`
	} `json:"errors"`
}

// judge reads a reply.
func (c *Client) judge(response *http.Response, reply []byte) verdict {
	found := verdict{after: retryAfter(response.Header, c.options.Now())}
	status := response.StatusCode
	switch {
	case status == http.StatusOK:
		return verdict{}
	case status == http.StatusPartialContent:
		var said partial
		if err := json.Unmarshal(reply, &said); err != nil {
			found.retry, found.err = true, errors.New("telemetry: the service took a part and did not say which")
			return found
		}
		for _, item := range said.Errors {
			if retryable(item.Status) || held(item.Status) {
				found.again = append(found.again, item.Index)
			} else {
				found.refused = append(found.refused, item.Index)
			}
			found.err = fmt.Errorf("telemetry: of a batch %d items were not taken (%d: %.200q)", len(said.Errors), item.Status, item.Message)
			if held(item.Status) && found.after == 0 {
				found.after = c.options.LongestPause
			}
		}
		return found
	case held(status):
		found.retry, found.err = true, fmt.Errorf("telemetry: the quota of Application Insights is used up (%d): raise its daily cap", status)
		if found.after == 0 {
			found.after = c.options.LongestPause
		}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		found.retry = true
		found.err = fmt.Errorf("telemetry: not allowed (%d): grant the identity the role \"Monitoring Metrics Publisher\" on the Application Insights component", status)
	case retryable(status):
		found.retry, found.err = true, fmt.Errorf("telemetry: the service answers %d", status)
	default:
		found.whole, found.err = true, fmt.Errorf("telemetry: the service refused a batch (%d)", status)
	}
	return found
}

// retryable are the answers that may be better next time.
func retryable(status int) bool {
	return slices.Contains([]int{
		http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}, status)
}

// held are the answers that stay for long: a quota.
func held(status int) bool { return status == http.StatusPaymentRequired || status == statusQuota }

// retryAfter reads how long the service asks to rest: seconds, or a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return min(time.Duration(seconds)*time.Second, 24*time.Hour)
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return min(at.Sub(now), 24*time.Hour)
	}
	return 0
}

// redirected is where a redirect leads. Items, and the token, go only where nobody listens in.
func redirected(from, location string) (string, error) {
	base, err := url.Parse(from)
	if err != nil {
		return "", err
	}
	target, err := base.Parse(location)
	if location == "" || err != nil || !secure(target) {
		return "", fmt.Errorf("telemetry: %s redirects to no https address", base.Host)
	}
	return target.String(), nil
}

func zipped(lines []byte) ([]byte, error) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write(lines)
	err = errors.Join(err, writer.Close())
	return packed.Bytes(), err
}

// tokens gives tokens of a credential, nil where there is none. A fresh one is asked for as one that is valid from now on, as
// Entra itself asks for it in a challenge, so that no cache answers.
func tokens(credential azcore.TokenCredential, audience string, now func() time.Time) func(context.Context, bool) (string, error) {
	if credential == nil {
		return nil
	}
	return func(ctx context.Context, fresh bool) (string, error) {
		options := policy.TokenRequestOptions{Scopes: []string{audience + "//.default"}}
		if fresh {
			options.Claims = fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, now().Unix())
		}
		token, err := credential.GetToken(ctx, options)
		return token.Token, err
	}
}
