package flatjson_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/flatjson"
)

// check compares what the scanner accepts with encoding/json.
func check(t *testing.T, content []byte) {
	t.Helper()
	var s flatjson.Scanner
	if !s.Open(content) {
		return
	}
	type member struct {
		key, value string
		kind       flatjson.Kind
		float      float64
		fits       bool
	}
	var members []member
	for s.Next() {
		m := member{key: string(s.Key), value: string(s.Value), kind: s.Kind}
		if s.Kind == flatjson.Number {
			m.float, m.fits = s.Float()
		}
		members = append(members, m)
	}
	rest, ok := s.End()
	if !ok {
		return
	}
	object := content[:len(content)-len(rest)]
	if !json.Valid(object) {
		t.Fatalf("accepted what is no JSON: %q", object)
	}
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		key, err := decoder.Token()
		if err != nil || key != m.key {
			t.Fatalf("key %q, want %q (%v)", m.key, key, err)
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			t.Fatal(err)
		}
		switch m.kind {
		case flatjson.Text:
			var want string
			if err := json.Unmarshal(raw, &want); err != nil || want != m.value {
				t.Fatalf("text %q, want %q (%v)", m.value, want, err)
			}
		case flatjson.Number:
			want, err := strconv.ParseFloat(string(raw), 64)
			if m.value != string(raw) || m.fits != (err == nil) || m.fits && math.Float64bits(want) != math.Float64bits(m.float) {
				t.Fatalf("number %s is %v (%v), want %v (%v)", m.value, m.float, m.fits, want, err)
			}
		default:
			if m.value != string(raw) {
				t.Fatalf("value %q, want %q", m.value, raw)
			}
		}
	}
	if decoder.More() {
		t.Fatal("members are missing")
	}
}

var samples = []string{
	`{}`, `{"a":1}`, ` { "a" : -0.5e-3 , "b" : null,"c":true ,"d":false} x`, `{"a":"x\"\\\/\b\f\n\r\tä\u00e4"}`, `{"a":"\ud83d\ude00"}`, `{"a":[1,{"b":[]}],"c":{}}`,
	`{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":-}`, `{"a":1e}`, `{"a":NaN}`, `{"a":1,}`, `{"a" 1}`, `{"a":1 "b":2}`, "{\"a\":\"\x00\"}", "{\"a\":\"\xff\"}", `{"a":"`, `{"a":"\`, `{"a":"\x"}`,
	`{"a":123456789012345678901234567890}`, `{"a":1.7976931348623157e308,"b":5e-324,"c":1e400,"d":9007199254740993,"e":0.1,"f":1e23,"g":-0}`,
	`{"long key that has more than eight bytes":"a long text, of more than eight bytes, too"}`, `{"a":["\x"]}`, `{"a":{"b":1,}}`, `{"a":18446744073709551616}`, `{"a":0.00000000000000000001234567890123456789}`,
}

func TestScannerReadsWhatJSONReads(t *testing.T) {
	for _, sample := range samples {
		check(t, []byte(sample))
		for cut := range len(sample) {
			check(t, []byte(sample[:cut]))
		}
	}
}

func TestNumbersAreRoundedAsByStrconv(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3)) //nolint:gosec // seeded on purpose
	var s flatjson.Scanner
	for i := range 60_000 {
		number := math.Float64frombits(random.Uint64())
		if i%2 == 0 {
			number = random.NormFloat64() * math.Pow(10, float64(random.IntN(40)-20))
		}
		if math.IsNaN(number) || math.IsInf(number, 0) {
			continue
		}
		text := strconv.AppendFloat([]byte(`{"a":`), number, "gef"[i%2], []int{-1, 17, 19, 5}[i/2%4], 64)
		check(t, append(text, '}'))
		if len(text) < 25 && (!s.Open(append(text, '}')) || !s.Next()) {
			t.Fatalf("%s was not read", text)
		}
	}
}

func FuzzScanner(f *testing.F) {
	for _, sample := range samples {
		f.Add([]byte(sample))
	}
	f.Fuzz(check)
}
