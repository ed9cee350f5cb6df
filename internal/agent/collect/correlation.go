package collect

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// CorrelationHeader carries the id to the model and back to the client.
const CorrelationHeader = "X-Correlation-Id"

// correlationID takes the id that the client sent (x-correlation-id, x-request-id, or the trace id of traceparent), else
// makes one. An id that is too long or not printable is not taken: it stands in headers and records.
func correlationID(header http.Header) string {
	if id := givenCorrelationID(header.Get); id != "" {
		return id
	}
	return uuid.NewString()
}

// givenCorrelationID asks for headers by names in lower case; "" where none gives an id.
func givenCorrelationID(header func(name string) string) string {
	for _, name := range []string{"x-correlation-id", "x-request-id"} {
		if id := strings.TrimSpace(header(name)); record.PrintableID(id) {
			return id
		}
	}
	return traceID(header("traceparent"))
}

// correlations makes ids as uuid.NewString does, of one thread, without asking the system for each.
type correlations struct{ random *rand.ChaCha8 }

func newCorrelations() *correlations {
	var seed [32]byte
	_, _ = cryptorand.Read(seed[:]) // it never fails
	return &correlations{rand.NewChaCha8(seed)}
}

func (c *correlations) next() string {
	id, err := uuid.NewRandomFromReader(c.random)
	if err != nil {
		return uuid.NewString() // a generator that never ends does not fail
	}
	return id.String()
}

// traceID is the second part of a W3C traceparent: 00-<32 hex>-<16 hex>-<2 hex>; "" where it is none.
func traceID(traceparent string) string {
	parts := strings.Split(strings.TrimSpace(traceparent), "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || len(parts[2]) != 16 {
		return ""
	}
	if strings.Trim(parts[1], "0123456789abcdef") != "" || strings.Trim(parts[1], "0") == "" {
		return ""
	}
	return parts[1]
}

// sampled says whether the requests of an id are recorded: the first eight bytes of its SHA-256, big-endian, modulo 100 x 2^20
// lie below percentage x 2^20. So every collector says the same of one id, and a larger percentage keeps what a smaller one
// kept.
func sampled(id string, percentage int) bool {
	if percentage == 100 {
		return true
	}
	sum := sha256.Sum256([]byte(id))
	const percent = 1 << 20 // steps, so that fractions can come later
	return binary.BigEndian.Uint64(sum[:8])%(100*percent) < uint64(percentage)*percent
}

// idSource makes ids of records that nobody else makes: random for each process, and a count.
type idSource struct {
	prefix string
	count  atomic.Uint64
}

func newIDSource() *idSource { return &idSource{prefix: uuid.NewString() + "-"} }

func (s *idSource) next() string { return s.prefix + strconv.FormatUint(s.count.Add(1), 36) }
