// Package collect is the reverse proxy beside a model that writes an inference record for every scoring request:
//
//	accept -> forward -> capture -> log -> ship
//
// A request is forwarded as it is; copies of the bytes of request and answer are kept on the side. When the answer's last
// byte has come, what was captured is appended to a log on disk (package journal), and only then is the end of the answer
// released: what a client has read whole is in the log, also when this process is killed. Rows are found, and records made,
// when a segment of the log is shipped; where columns are redacted, before it is written. Segments go into the store as
// immutable files, one for each hour of event time, and are then removed. Names of files follow from what is in them, so
// shipping one twice leaves one.
//
// Each collector is an instance with a name and a folder of its own below the one that it is given. It says in the store
// that it has opened, by the hour what it shipped and lost, and at its end its last number: a record that is missing is
// seen. What an instance that was killed has left, the others below the same folder ship, and close it.
//
// The model always comes first: where a record cannot be made or logged, the request goes on and the loss is counted.
//
// It must not know what records are for, and nothing of a body may reach its own log output.
package collect

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Options are what a collector needs; those with a default may be zero.
type Options struct {
	Store      platform.Store
	Deployment string
	// Target is the model's address, http://HOST:PORT.
	Target string
	// WAL is the folder below which every collector of the deployment keeps its log, each in one of its own.
	WAL string

	Model        string
	ModelVersion int64
	// Instance names this collector among all that ever were; made from the host's name by default. One that starts again
	// with the name, in the same folder, goes on where the last was killed.
	Instance string
	// ScorePath is the path whose POSTs are recorded; "" records every POST.
	ScorePath string
	// FeedbackPath takes labels with POST, as FeedbackPath (the constant) always does; "" leaves it to the model.
	FeedbackPath string
	// TimestampColumn of the first row gives the event time; "" takes the time of arrival.
	TimestampColumn string
	// SamplingPercentage of the correlation ids are recorded, 0 to 100.
	SamplingPercentage int
	// Redact names columns that are never written.
	Redact []string
	// Block and SyncAlways are as in Settings.
	Block, SyncAlways bool
	// Follow reads the settings that are declared, which then count instead; nil where nobody declares any.
	Follow func(context.Context) (Settings, error)
	// Measure tells machines of the traffic; nil where nobody listens.
	Measure func(context.Context, []mlops.Measurement) error

	BodyLimit       int64         // bytes that are captured of one body; default 1 MiB
	CaptureBudget   int64         // bytes that are captured at once; default 16 MiB
	FlushInterval   time.Duration // without a request, after which the log is shipped; default 1 s
	FlushAge        time.Duration // of the oldest record, after which it is shipped; default 10 s, and not less than FlushInterval
	SegmentBytes    int64         // of the log, after which it is shipped; default 4 MiB
	BacklogLimit    int64         // bytes of the log that may wait for the store; default 1 GiB
	SyncInterval    time.Duration // after which what was written is safe against the end of the machine; default 50 ms
	LongestRetry    time.Duration // between attempts to reach the store; default 5 s
	FollowInterval  time.Duration // between looks at what is declared; default 2 s
	AdoptInterval   time.Duration // between looks at what others have left; default 10 s
	MeasureInterval time.Duration // between two words of the traffic; default 1 min
	Grace           time.Duration // to finish what is in flight and ship the log when stopped; default 8 s

	Logger hclog.Logger
	Clock  func() time.Time
}

// GarbagePercent is how much may be allocated beside what is in use before garbage is collected, as runtime/debug has it. Most
// of what a collector holds is a segment on its way to the store; requests leave next to no garbage, so it is collected seldom
// all the same.
const GarbagePercent = 40

var unsafeInKey = regexp.MustCompile(`[^a-z0-9._-]+`)

// complete checks the options and fills in defaults.
func (o Options) complete() (Options, *url.URL, error) {
	if err := mlops.ValidateName(o.Deployment); err != nil {
		return o, nil, fmt.Errorf("deployment: %w", err)
	}
	target, err := url.Parse(o.Target)
	if err != nil || target.Scheme != "http" || target.Host == "" || strings.Trim(target.Path, "/") != "" || target.RawQuery != "" {
		return o, nil, fmt.Errorf("target %q: %w: write the model's address as http://HOST:PORT", o.Target, mlops.ErrInvalid)
	}
	if o.ScorePath != "" && !strings.HasPrefix(o.ScorePath, "/") {
		return o, nil, fmt.Errorf("score path %q: %w: a path begins with a slash, for example /score", o.ScorePath, mlops.ErrInvalid)
	}
	if path := o.FeedbackPath; path != "" && (!strings.HasPrefix(path, "/") || path == o.ScorePath) {
		return o, nil, fmt.Errorf("feedback path %q: %w: a path begins with a slash and is not the score path, for example %s", path, mlops.ErrInvalid, DefaultFeedbackPath)
	}
	if err := o.settings().check(); err != nil {
		return o, nil, err
	}
	if o.ModelVersion < 0 {
		return o, nil, fmt.Errorf("model version %d: %w: versions count from 1", o.ModelVersion, mlops.ErrInvalid)
	}
	if o.WAL == "" {
		return o, nil, fmt.Errorf("%w: name a folder for the log (--wal)", mlops.ErrInvalid)
	}
	o.Instance = strings.Trim(unsafeInKey.ReplaceAllString(strings.ToLower(o.Instance), "-"), ".-")
	if o.Instance == "" {
		o.Instance = newInstance()
	}
	o.setDefaults()
	return o, target, nil
}

func (o *Options) setDefaults() {
	setDefault(&o.BodyLimit, 1<<20)
	setDefault(&o.CaptureBudget, 16<<20)
	setDefault(&o.FlushInterval, time.Second)
	setDefault(&o.FlushAge, 10*time.Second)
	o.FlushAge = max(o.FlushAge, o.FlushInterval)
	setDefault(&o.SegmentBytes, 4<<20)
	setDefault(&o.BacklogLimit, mlops.CollectorLogBytes)
	setDefault(&o.SyncInterval, 50*time.Millisecond)
	setDefault(&o.LongestRetry, 5*time.Second)
	setDefault(&o.FollowInterval, 2*time.Second)
	setDefault(&o.AdoptInterval, 10*time.Second)
	setDefault(&o.MeasureInterval, time.Minute)
	setDefault(&o.Grace, 8*time.Second)
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
}

// settings are those that count where none are declared.
func (o Options) settings() Settings {
	return Settings{SamplingPercentage: o.SamplingPercentage, Redact: o.Redact, Block: o.Block, SyncAlways: o.SyncAlways}
}

// journal are the bounds of a log.
func (o Options) journal() journal.Options {
	return journal.Options{SegmentBytes: o.SegmentBytes, Limit: o.BacklogLimit, SyncInterval: o.SyncInterval}
}

func setDefault[N int64 | time.Duration](value *N, otherwise N) {
	if *value <= 0 {
		*value = otherwise
	}
}

// newInstance makes a name that no other collector has.
func newInstance() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "collector"
	}
	host = strings.Trim(unsafeInKey.ReplaceAllString(strings.ToLower(host), "-"), ".-")
	return host + "-" + uuid.NewString()[:8]
}
