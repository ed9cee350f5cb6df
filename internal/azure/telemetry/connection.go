package telemetry

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Connection is what a connection string of Application Insights says. Its instrumentation key names the component and is no
// secret.
type Connection struct {
	InstrumentationKey string
	// Endpoint takes the telemetry; no slash at the end.
	Endpoint string
	// Audience of Entra tokens, where the string names one.
	Audience string
}

const (
	longestConnection = 4096
	defaultEndpoint   = "https://dc.services.visualstudio.com"
)

// ParseConnection reads a connection string, key=value;key=value, its keys without case. An endpoint is https, or http on
// the loopback address.
func ParseConnection(text string) (Connection, error) {
	if len(text) > longestConnection {
		return Connection{}, fmt.Errorf("%w: connection string: it is longer than %d characters", mlops.ErrInvalid, longestConnection)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := fields[name]; !ok || name == "" || twice {
			return Connection{}, fmt.Errorf("%w: connection string: write name=value;name=value, each name once, as the overview of Application Insights shows it", mlops.ErrInvalid)
		}
		fields[name] = strings.TrimSpace(value)
	}
	connection := Connection{InstrumentationKey: fields["instrumentationkey"], Endpoint: defaultEndpoint, Audience: fields["aadaudience"]}
	if connection.InstrumentationKey == "" || len(connection.InstrumentationKey) > 40 {
		return Connection{}, fmt.Errorf("%w: connection string: it has no InstrumentationKey", mlops.ErrInvalid)
	}
	if suffix := fields["endpointsuffix"]; suffix != "" {
		location := fields["location"]
		if location != "" {
			location += "."
		}
		connection.Endpoint = "https://" + location + "dc." + strings.TrimPrefix(suffix, ".")
	}
	if endpoint := fields["ingestionendpoint"]; endpoint != "" {
		connection.Endpoint = endpoint
	}
	connection.Endpoint = strings.TrimRight(connection.Endpoint, "/")
	parsed, err := url.Parse(connection.Endpoint)
	if err != nil || parsed.Host == "" || parsed.User != nil || !secure(parsed) {
		return Connection{}, fmt.Errorf("%w: connection string: IngestionEndpoint is not an https address", mlops.ErrInvalid)
	}
	return connection, nil
}

// secure says whether a token may be sent to an address.
func secure(address *url.URL) bool {
	host := address.Hostname()
	return address.Scheme == "https" || address.Scheme == "http" && (host == "127.0.0.1" || host == "::1" || host == "localhost")
}
