package record

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// What is written by hand reads as what encoding/json writes.
func TestEncodeIsWhatTheStandardLibraryReads(t *testing.T) {
	full := newRecord(0, noon.Add(123456789))
	full.Error, full.ArrivalOnly, full.CorrelationID, full.Path = "a \"quoted\" <error>\n", true, "\u00e9\x01", "/\xff"
	bare := Record{Schema: Schema, Time: noon.In(time.FixedZone("", 3600)), LatencyMS: 1e-7, Body: "not captured", ResponseBody: "no"}
	for _, r := range []Record{full, bare, newRecord(0, noon)} {
		encoded, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		standard, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var got, want map[string]any
		if err := json.Unmarshal(encoded, &got); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		if err := json.Unmarshal(standard, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("wrote\n%s, want\n%s", encoded, standard)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	r := newRecord(0, noon)
	var to []byte
	for b.Loop() {
		to, _ = r.AppendJSON(to[:0])
	}
}
