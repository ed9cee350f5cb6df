package telemetry

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Limits of the service, in characters or bytes; documented for items of the track API and for custom metrics.
const (
	mostDimensions  = 10
	longestName     = 150
	longestValue    = 256  // of a metric's dimension
	longestText     = 8192 // of an event's property
	longestItem     = 64 << 10
	metricNamespace = "mlops"
	timeLayout      = "2006-01-02T15:04:05.000Z"
	sdkVersion      = "mlops:"
)

// envelope is one item of the track API. A metric's envelope holds one metric: of several, only the first would be kept.
type envelope struct {
	Ver  int               `json:"ver"`
	Name string            `json:"name"`
	Time string            `json:"time"`
	IKey string            `json:"iKey"`
	Tags map[string]string `json:"tags,omitempty"`
	Data struct {
		BaseType string `json:"baseType"`
		BaseData any    `json:"baseData"`
	} `json:"data"`
}

type metricData struct {
	Ver        int               `json:"ver"`
	Metrics    []metric          `json:"metrics"`
	Properties map[string]string `json:"properties,omitempty"`
}

type metric struct {
	Namespace string  `json:"ns"`
	Name      string  `json:"name"`
	Kind      string  `json:"kind"`
	Value     float64 `json:"value"`
}

type eventData struct {
	Ver        int               `json:"ver"`
	Name       string            `json:"name"`
	Properties map[string]string `json:"properties,omitempty"`
}

func (c *Client) envelope(kind string, at time.Time) envelope {
	made := envelope{Ver: 1, Name: "Microsoft.ApplicationInsights." + kind, Time: at.UTC().Format(timeLayout), IKey: c.connection.InstrumentationKey, Tags: c.tags}
	made.Data.BaseType = kind + "Data"
	return made
}

// measured is the line of a measurement; mlops.ErrInvalid where the service would not take it.
func (c *Client) measured(measurement mlops.Measurement) ([]byte, error) {
	properties := map[string]string{}
	for _, from := range []map[string]string{c.options.Dimensions, measurement.Labels} {
		for name, value := range from {
			if name == "" || len(name) > longestName {
				return nil, fmt.Errorf("%w: %s: dimension %.20q: a name has 1 to %d characters", mlops.ErrInvalid, measurement.Name, name, longestName)
			}
			properties[name] = cut(value, longestValue)
		}
	}
	switch {
	case measurement.Name == "" || len(measurement.Name) > longestName:
		return nil, fmt.Errorf("%w: metric %.20q: a name has 1 to %d characters", mlops.ErrInvalid, measurement.Name, longestName)
	case len(properties) > mostDimensions:
		return nil, fmt.Errorf("%w: %s: %d dimensions: a metric has at most %d", mlops.ErrInvalid, measurement.Name, len(properties), mostDimensions)
	case math.IsNaN(measurement.Value) || math.IsInf(measurement.Value, 0):
		return nil, fmt.Errorf("%w: %s: %v is no number that can be told", mlops.ErrInvalid, measurement.Name, measurement.Value)
	}
	made := c.envelope("Metric", measurement.Time)
	made.Data.BaseData = metricData{Ver: 2, Properties: properties, Metrics: []metric{{
		Namespace: metricNamespace, Name: measurement.Name, Kind: "Measurement", Value: measurement.Value,
	}}}
	return line(made)
}

// notified is the line of a notification: an event that people find under its topic. Addresses of receivers stay out.
func (c *Client) notified(notification mlops.Notification) ([]byte, error) {
	made := c.envelope("Event", notification.Time)
	properties := map[string]string{
		"key": notification.Key, "topic": string(notification.Topic), "severity": strconv.FormatInt(notification.Severity, 10),
		"subject": notification.Subject, "summary": notification.Summary, "detail": notification.Detail,
	}
	maps.Copy(properties, c.options.Dimensions)
	for name, value := range properties {
		if properties[name] = cut(value, longestText); value == "" {
			delete(properties, name)
		}
	}
	made.Data.BaseData = eventData{Ver: 2, Name: "mlops_" + string(notification.Topic), Properties: properties}
	return line(made)
}

func line(made envelope) ([]byte, error) {
	data, err := json.Marshal(made)
	if err != nil {
		return nil, err
	}
	if len(data) > longestItem {
		return nil, fmt.Errorf("%w: an item of %d bytes: the service takes %d", mlops.ErrInvalid, len(data), longestItem)
	}
	return append(data, '\n'), nil
}

// cut shortens a text to that many bytes, between characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
