package mlops

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// TelemetrySchema marks a document that says where the numbers of a project go.
const TelemetrySchema = "mlops/telemetry/v1"

// TelemetryPrefix is where such documents stand, the newest last: what runs reads there where to send, for it may not ask
// Azure itself.
const TelemetryPrefix = "telemetry/"

// Telemetry says where the numbers of a project go: telemetry/<number>.json.
type Telemetry struct {
	Schema string `json:"schema"`
	Writer string `json:"writer"`
	// Component is its ARM id, "" where the connection string was given without one.
	Component string `json:"component,omitempty"`
	// ConnectionString of the component; "" for nowhere.
	ConnectionString string `json:"connection_string"`
}

// PlaceMark tells places apart where a place itself is too long to stand: the beginning of a hash.
func PlaceMark(place string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSuffix(place, "/"))))
	return hex.EncodeToString(sum[:4])
}
