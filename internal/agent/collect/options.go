// Package collect is the reverse proxy beside a model that writes an inference record for every scoring request:
//
//	accept -> forward -> capture -> log -> ship
//
// A request is forwarded as it is; copies of the bytes of request and answer are kept on the side. When the answer's last
// byte has come, the record is made (rows found, redacted columns taken out) and appended to a log on disk, and only then is
// the end of the answer released: what a client has read whole is in the log, also when this process is killed. The log is
// sealed in small files, and each file is shipped to the store as immutable segments, one for each hour of event time, and
// then removed. Names of segments follow from what is in them, so shipping one twice leaves one.
//
// The model always comes first: where a record cannot be made or logged, the request goes on and the loss is counted.
//
// It must not know what records are for, and nothing of a body may reach its own log output.
package collect

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Options are what a collector needs; those with a default may be zero.
type Options struct {
	Store      platform.Store
	Deployment string
	// Target is the model's address, http://HOST:PORT.
	Target string
	// WAL is the folder of the log. One collector at a time may use it.
	WAL string

	Model        string
	ModelVersion int64
	// Instance names this collector among all that ever were; made from the host's name and the log's folder by default.
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

	BodyLimit     int64         // bytes that are captured of one body; default 1 MiB
	CaptureBudget int64         // bytes that are captured at once; default 64 MiB
	FlushInterval time.Duration // after which the log is sealed and shipped; default 1 s
	FlushRecords  int64         // or after so many records; default 1,000
	FlushBytes    int64         // or bytes; default 1 MiB
	BacklogLimit  int64         // bytes of the log that wait for the store, before the oldest are dropped; default 64 MiB
	LongestRetry  time.Duration // between attempts to reach the store; default 5 s
	Grace         time.Duration // to finish what is in flight and ship the log when stopped; default 8 s

	Logger hclog.Logger
	Clock  func() time.Time
}

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
	if o.SamplingPercentage < 0 || o.SamplingPercentage > 100 {
		return o, nil, fmt.Errorf("sampling %d: %w: a percentage lies between 0 and 100", o.SamplingPercentage, mlops.ErrInvalid)
	}
	if o.ModelVersion < 0 {
		return o, nil, fmt.Errorf("model version %d: %w: versions count from 1", o.ModelVersion, mlops.ErrInvalid)
	}
	if o.WAL == "" {
		return o, nil, fmt.Errorf("%w: name a folder for the log (--wal)", mlops.ErrInvalid)
	}
	o.Instance = strings.Trim(unsafeInKey.ReplaceAllString(strings.ToLower(o.Instance), "-"), ".-")
	setDefault(&o.BodyLimit, 1<<20)
	setDefault(&o.CaptureBudget, 64<<20)
	setDefault(&o.FlushInterval, time.Second)
	setDefault(&o.FlushRecords, 1000)
	setDefault(&o.FlushBytes, 1<<20)
	setDefault(&o.BacklogLimit, 64<<20)
	setDefault(&o.LongestRetry, 5*time.Second)
	setDefault(&o.Grace, 8*time.Second)
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o, target, nil
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
