// Package telemetry sends gauges and events to Application Insights, through its track API (version 2.1): batches of JSON
// lines, gzipped, with a queue on disk that survives an outage and has bounds. Numbers are a view that may be lost; nothing
// waits for them, and nobody fails because of them. It must not know what a number means, nor who is alerted by it.
package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Options are how a client sends. Folder is needed, the rest has defaults.
type Options struct {
	// Folder keeps what was not sent yet; one process each.
	Folder string
	// Dimensions are put to every item: project = its name.
	Dimensions map[string]string
	// Role, Instance and Version say who sends: "control", the pod's name, the agent's version.
	Role, Instance, Version string
	// Audience of tokens where the connection string names none; empty: https://monitor.azure.com.
	Audience string
	// Client sends requests; nil: one of its own. It must not follow redirects.
	Client *http.Client
	Now    func() time.Time
	// MostBytes and MostAge bound the queue; 0: 50 MiB and 48 h.
	MostBytes int64
	MostAge   time.Duration
	// FirstPause and LongestPause lie between tries, the latter also for a quota that is used up; 0: 1 s and 5 min.
	FirstPause, LongestPause time.Duration
	// Timeout is for one request; 0: 30 s.
	Timeout time.Duration
	// MostSeries bounds the series that this client begins; 0: 5,000, a tenth of what a subscription may have in a region.
	MostSeries int
}

// Client implements platform.Telemetry and platform.Notifier. Close it, or what was recorded last waits for the next start.
type Client struct {
	connection Connection
	options    Options
	tags       map[string]string
	token      func(ctx context.Context, fresh bool) (string, error) // nil: the key alone
	queue      *queue

	ctx    context.Context // ends with Close
	stop   context.CancelFunc
	wake   chan struct{}
	ended  chan struct{}
	closed sync.Once

	mutex  sync.Mutex
	state  State
	series map[string]time.Time // told last
	pause  time.Duration
	// endpoint is where a redirect has led, "" before.
	endpoint string
}

var (
	_ platform.Telemetry = (*Client)(nil)
	_ platform.Notifier  = (*Client)(nil)
)

// State is how sending goes.
type State struct {
	QueuedItems int
	QueuedBytes int64
	Oldest      time.Time // of what waits, zero where nothing does
	Sent        int64     // items that were taken
	// Dropped items by cause: "refused", "too old or too many", "too many series", "invalid".
	Dropped  map[string]int64
	LastSent time.Time
	// Paused until then, because the service asked for it or did not answer well.
	PausedUntil time.Time
	LastError   string // "" when the last batch was taken
}

// Why items are dropped.
const (
	DroppedRefused = "refused"
	DroppedBounds  = "too old or too many"
	DroppedSeries  = "too many series"
	DroppedInvalid = "invalid"
)

// New opens the queue and begins to send. Without a credential the connection string's key alone is sent, which the service
// takes unless local authentication is disabled.
func New(connectionString string, credential azcore.TokenCredential, options Options) (*Client, error) {
	connection, err := ParseConnection(connectionString)
	if err != nil {
		return nil, err
	}
	if options.Folder == "" {
		return nil, fmt.Errorf("%w: telemetry: no folder for its queue", mlops.ErrInvalid)
	}
	if len(options.Dimensions) > mostDimensions {
		return nil, fmt.Errorf("%w: telemetry: more than %d dimensions", mlops.ErrInvalid, mostDimensions)
	}
	options.MostBytes = cmp.Or(options.MostBytes, 50<<20)
	options.MostAge = cmp.Or(options.MostAge, 48*time.Hour)
	options.FirstPause = cmp.Or(options.FirstPause, time.Second)
	options.LongestPause = cmp.Or(options.LongestPause, 5*time.Minute)
	options.Timeout = cmp.Or(options.Timeout, 30*time.Second)
	options.MostSeries = cmp.Or(options.MostSeries, 5000)
	if options.Now == nil {
		options.Now = time.Now
	}
	client := &http.Client{}
	if options.Client != nil {
		*client = *options.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	options.Client = client
	waiting, err := openQueue(options.Folder, options.MostBytes, options.MostAge)
	if err != nil {
		return nil, err
	}
	c := &Client{
		connection: connection, options: options, queue: waiting, series: map[string]time.Time{},
		tags:  tagsOf(options),
		token: tokens(credential, cmp.Or(connection.Audience, options.Audience, "https://monitor.azure.com"), options.Now),
		wake:  make(chan struct{}, 1), ended: make(chan struct{}), state: State{Dropped: map[string]int64{}},
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	go c.send()
	return c, nil
}

func tagsOf(options Options) map[string]string {
	tags := map[string]string{"ai.internal.sdkVersion": sdkVersion + cmp.Or(options.Version, "0")}
	for name, value := range map[string]string{"ai.cloud.role": options.Role, "ai.cloud.roleInstance": options.Instance, "ai.application.ver": options.Version} {
		if value != "" {
			tags[name] = value
		}
	}
	return tags
}

// batchItems and batchBytes bound one request; the service takes 64,000 items.
const (
	batchItems = 1000
	batchBytes = 1 << 20
)

// Record queues the measurements and returns. What the service would refuse is left out and joined into the error. The
// service has no memory of sources: what is gone from a source is told no more, and ends by itself.
func (c *Client) Record(_ context.Context, _ string, measurements []mlops.Measurement) error {
	var lines [][]byte
	var faults []error
	for _, measurement := range measurements {
		made, err := c.measured(measurement)
		if err != nil {
			c.drop(DroppedInvalid, 1)
			faults = append(faults, err)
			continue
		}
		if !c.known(measurement) {
			c.drop(DroppedSeries, 1)
			continue
		}
		lines = append(lines, made)
	}
	return errors.Join(append(faults, c.enqueue(lines))...)
}

// seriesLife is for how long the service counts a series that is told no more.
const seriesLife = 12 * time.Hour

// known says whether a series is one of those that may be told; new ones are, up to a bound.
func (c *Client) known(measurement mlops.Measurement) bool {
	var series strings.Builder
	series.WriteString(measurement.Name)
	for _, name := range slices.Sorted(maps.Keys(measurement.Labels)) {
		series.WriteString("\x00" + name + "\x00" + measurement.Labels[name])
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now := c.options.Now()
	if _, told := c.series[series.String()]; !told && len(c.series) >= c.options.MostSeries {
		maps.DeleteFunc(c.series, func(_ string, last time.Time) bool { return now.Sub(last) > seriesLife })
		if len(c.series) >= c.options.MostSeries {
			return false
		}
	}
	c.series[series.String()] = now
	return true
}

// Send queues a notification as an event. It tells no owner by itself: an alert rule does.
func (c *Client) Send(_ context.Context, notification mlops.Notification, _ []mlops.Owner) error {
	made, err := c.notified(notification)
	if err != nil {
		c.drop(DroppedInvalid, 1)
		return fmt.Errorf("notification %s: %w", notification.Key, err)
	}
	return c.enqueue([][]byte{made})
}

// enqueue writes lines to the queue in batches.
func (c *Client) enqueue(lines [][]byte) error {
	for len(lines) > 0 {
		count, size := 0, 0
		for count < len(lines) && count < batchItems && (count == 0 || size+len(lines[count]) <= batchBytes) {
			size += len(lines[count])
			count++
		}
		dropped, err := c.queue.add(c.options.Now(), slices.Concat(lines[:count]...))
		c.drop(DroppedBounds, dropped)
		if err != nil {
			return err
		}
		lines = lines[count:]
	}
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
	return nil
}

func (c *Client) drop(cause string, items int) {
	if items == 0 {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.state.Dropped[cause] += int64(items)
}

// State says how sending goes.
func (c *Client) State() State {
	items, size, oldest := c.queue.size()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	state := c.state
	state.Dropped = maps.Clone(c.state.Dropped)
	state.QueuedItems, state.QueuedBytes, state.Oldest = items, size, oldest
	return state
}

// Close sends what waits, as long as ctx lasts and the service takes it, and ends the client. What is left stays on disk for
// the next one and is no error.
func (c *Client) Close(ctx context.Context) error {
	c.closed.Do(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for c.State().QueuedItems > 0 && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
		c.stop()
		<-c.ended
	})
	return nil
}
