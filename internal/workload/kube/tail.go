package kube

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"sync"
)

const (
	tailBytes = 64 << 10
	tailLines = 2000
	// readAtMost bounds what is read for a tail: lines may be long.
	readAtMost = 4 << 20
	tailsKept  = 64
)

// tails remembers the last words of containers that have ended: they do not change any more.
type tails struct {
	lock  sync.Mutex
	known map[string]string
}

func newTails() *tails { return &tails{known: map[string]string{}} }

func (t *tails) get(key string) (string, bool) {
	t.lock.Lock()
	defer t.lock.Unlock()
	text, ok := t.known[key]
	return text, ok
}

func (t *tails) put(key, text string) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if len(t.known) >= tailsKept {
		clear(t.known)
	}
	t.known[key] = text
}

// tail is the end of what a container wrote, from the begin of a line on, at most 64 KiB; "" where nobody has it any more.
func (c *Client) tail(ctx context.Context, of fault) string {
	key := fmt.Sprintf("%s/%s/%d", of.pod.UID, of.container, of.restarts)
	if text, known := c.tails.get(key); known {
		return text
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stream, err := c.api.open(ctx, c.api.path(pods, of.pod.Name)+"/log", url.Values{
		"container": {of.container}, "previous": {strconv.FormatBool(of.previous)}, "tailLines": {strconv.Itoa(tailLines)},
	})
	if err != nil {
		return "" // the kubelet does not answer, or the node is gone
	}
	defer stream.Close()
	content, err := io.ReadAll(io.LimitReader(stream, readAtMost))
	if err != nil && len(content) == 0 {
		return ""
	}
	if cut := len(content) - tailBytes; cut > 0 {
		content = content[cut:]
		if line := bytes.IndexByte(content, '\n'); line >= 0 {
			content = content[line+1:]
		}
	}
	text := string(bytes.ToValidUTF8(content, []byte("?")))
	for _, status := range statuses(of.pod) {
		if status.Name == of.container && (of.previous || status.State.Terminated != nil) {
			c.tails.put(key, text)
		}
	}
	return text
}
