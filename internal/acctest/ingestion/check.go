package ingestion

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// envelope is an item as documented; a field that is not there is refused.
type envelope struct {
	Ver  int               `json:"ver"`
	Name string            `json:"name"`
	Time string            `json:"time"`
	IKey string            `json:"iKey"`
	Tags map[string]string `json:"tags"`
	Data struct {
		BaseType string          `json:"baseType"`
		BaseData json.RawMessage `json:"baseData"`
	} `json:"data"`
}

type metricData struct {
	Ver     int `json:"ver"`
	Metrics []struct {
		Namespace string   `json:"ns"`
		Name      string   `json:"name"`
		Kind      string   `json:"kind"`
		Value     *float64 `json:"value"`
	} `json:"metrics"`
	Properties map[string]string `json:"properties"`
}

type eventData struct {
	Ver        int               `json:"ver"`
	Name       string            `json:"name"`
	Properties map[string]string `json:"properties"`
}

var timePattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// check reads one item.
func check(line []byte) (Item, error) {
	var found envelope
	if err := strict(line, &found); err != nil {
		return Item{}, err
	}
	_, badTime := time.Parse(time.RFC3339, found.Time)
	switch {
	case len(line) > 64<<10:
		return Item{}, errors.New("more than 64 KB")
	case found.Ver != 1:
		return Item{}, fmt.Errorf("ver is %d", found.Ver)
	case found.IKey != Key:
		return Item{}, fmt.Errorf("iKey is %q", found.IKey)
	case badTime != nil || !timePattern.MatchString(found.Time):
		return Item{}, fmt.Errorf("time is %q", found.Time)
	case found.Name != "Microsoft.ApplicationInsights."+kindOf(found.Data.BaseType):
		return Item{}, fmt.Errorf("name %q does not fit baseType %q", found.Name, found.Data.BaseType)
	}
	for name := range found.Tags {
		if !regexp.MustCompile(`^ai\.(cloud\.role|cloud\.roleInstance|application\.ver|internal\.sdkVersion)$`).MatchString(name) {
			return Item{}, fmt.Errorf("tag %q", name)
		}
	}
	item := Item{Kind: kindOf(found.Data.BaseType), Time: found.Time, Tags: found.Tags}
	if item.Kind == "Metric" {
		return item, checkMetric(found.Data.BaseData, &item)
	}
	return item, checkEvent(found.Data.BaseData, &item)
}

func kindOf(baseType string) string {
	return map[string]string{"MetricData": "Metric", "EventData": "Event"}[baseType]
}

func checkMetric(data []byte, item *Item) error {
	var found metricData
	if err := strict(data, &found); err != nil {
		return err
	}
	if found.Ver != 2 || len(found.Metrics) != 1 {
		return fmt.Errorf("ver %d with %d metrics: only one of them is kept", found.Ver, len(found.Metrics))
	}
	metric := found.Metrics[0]
	if metric.Value == nil || metric.Kind != "Measurement" || metric.Name == "" || len(metric.Name) > 150 || len(metric.Namespace) > 256 {
		return fmt.Errorf("metric %+v", metric)
	}
	if len(found.Properties) > 10 {
		return fmt.Errorf("%d dimensions", len(found.Properties))
	}
	item.Name, item.Value, item.Properties = metric.Name, *metric.Value, found.Properties
	return checkProperties(found.Properties, 256)
}

func checkEvent(data []byte, item *Item) error {
	var found eventData
	if err := strict(data, &found); err != nil {
		return err
	}
	if found.Ver != 2 || found.Name == "" || len(found.Name) > 512 {
		return fmt.Errorf("ver %d, name %q", found.Ver, found.Name)
	}
	item.Name, item.Properties = found.Name, found.Properties
	return checkProperties(found.Properties, 8192)
}

func checkProperties(properties map[string]string, longest int) error {
	for name, value := range properties {
		if name == "" || len(name) > 150 || len(value) > longest {
			return fmt.Errorf("property %.20q with %d characters", name, len(value))
		}
	}
	return nil
}

func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
