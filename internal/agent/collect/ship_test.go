package collect

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
)

// BenchmarkDrain ships a log that has waited, requests of 1 KB with 50 features, with a store that costs nothing: bytes are
// those of the log.
func BenchmarkDrain(b *testing.B) {
	var row strings.Builder
	for i := range 50 {
		fmt.Fprintf(&row, `,"feature_%02d":%d.25`, i, i)
	}
	body := []byte(`{"data":[{` + row.String()[1:] + `}]}`)
	store := memstore.New()
	var limits Options
	limits.setDefaults()
	h, err := openHome(b.TempDir(), constants{Deployment: "delay", Instance: "a", BodyLimit: limits.BodyLimit}, limits.journal(), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	shipper := testShipper(store)
	for b.Loop() {
		b.StopTimer()
		for range 20_000 {
			c := captured{
				id: h.owner.Writer, correlationID: "c", started: time.Now(), status: 200, complete: true,
				request: half{body: body}, answered: true, answer: half{body: []byte(`{"predictions":[{"probability":0.5}]}`)},
			}
			if err := h.log.exchange(waiting(b.Context(), h.log), c, renderer{constants: h.owner.constants}); err != nil {
				b.Fatal(err)
			}
		}
		h.log.Seal()
		bytes, _ := h.log.Backlog()
		b.SetBytes(bytes)
		b.StartTimer()
		if err := shipper.drain(b.Context(), h); err != nil {
			b.Fatal(err)
		}
	}
}
