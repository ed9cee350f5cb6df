package record

import (
	"bytes"
	"strings"
	"testing"
)

// The fast way reads a body as the slow one does, or not at all.
func FuzzUsual(f *testing.F) {
	for _, body := range []string{
		`[{"x":1,"y":"a"},{"x":2,"y":"b"}]`, `{"data":[{"x":1,"secret":"a"}],"id":7}`, ` { "instances" : [ { } , {"X":-0.1e+3} ] } `,
		`{"inputs":[{"name":"x","shape":1,"datatype":2}]}`, `{"columns":["x"],"data":[{"x":1}]}`, `[{"x":01}]`, `[{"x":1.}]`, `[{"x":"\u0041"}]`,
		`[{"Secret":1,"SECRET":2,"secre\u0074":3,"ſecret":4}]`, `{"data":[{"a":null}],"data":[{"a":true}]}`, `{"predictions":[{"probability":0.5}]}`,
		`[{"x":1}]x`, `[{"x":{"y":1}}]`, `[{"x":1},[2]]`, `{"data":[{"a":1}],"dataframe_split":{}}`, "[{\"x\":\"\x01\"}]",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, redact := range []Redaction{{}, NewRedaction("secret", "größe")} {
			for _, answer := range []bool{false, true} {
				forms := requestForms
				if answer {
					forms = answerForms
				}
				fast, err := read(nil, body, redact, forms, answer)
				if len(body) == 0 || err != nil {
					continue
				}
				slow, slowErr := readAny(body, redact, forms, answer)
				if slowErr != nil || fast.Rows != slow.Rows || fast.first != slow.first || !bytes.Equal(fast.JSON, slow.JSON) {
					t.Errorf("%q: %s (%d), and the slow way %s (%d), %v", body, fast.JSON, fast.Rows, slow.JSON, slow.Rows, slowErr)
				}
			}
		}
	})
}

// Bodies as requests have them take the fast way.
func TestUsualBodiesAreRead(t *testing.T) {
	for _, body := range []string{`[{"x":1,"y":"é"}]`, `{"data":[{"x":1},{"x":null}]}`, `{"id":1,"predictions":[{"p":0.5}],"v":"3"}`} {
		if _, ok := readUsual(nil, []byte(body), NewRedaction("y"), answerForms); !ok {
			t.Errorf("%s is not read", body)
		}
	}
}

// Rows stand in the memory that is given, where they fit, and what is in it stays.
func TestRowsStandInGivenMemory(t *testing.T) {
	for _, room := range []int{5, 100} {
		memory := make([]byte, room)
		to := append(memory[:0], "keep"...)
		batch, err := AppendRows(to, []byte(`{"data":[{"x":1, "secret" : 2,"y":"é"}]}`), NewRedaction("Secret"))
		if err != nil || string(batch.JSON) != `[{"x":1,"y":"é"}]` || string(memory[:4]) != "keep" {
			t.Errorf("room for %d: %s after %q, %v", room, batch.JSON, memory[:4], err)
		}
		if inside := &batch.JSON[0] == &memory[4]; inside != (room == 100) {
			t.Errorf("room for %d: inside is %v", room, inside)
		}
	}
}

func BenchmarkRows(b *testing.B) {
	var row strings.Builder
	for range 50 {
		row.WriteString(`,"feature_07":17.25`)
	}
	body := []byte(`{"data":[{` + row.String()[1:] + `}]}`)
	for name, redact := range map[string]Redaction{"plain": {}, "redacted": NewRedaction("feature_08", "name")} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Rows(body, redact); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
