package record

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// checkDecoder reads lines one after the other and one by one: both must say the same, and so must the columns of both.
func checkDecoder(t *testing.T, lines ...[]byte) {
	t.Helper()
	decoder := NewDecoder()
	quick, slow := NewBuilder(flatDataset()), NewBuilder(flatDataset())
	for _, line := range lines {
		got, gotErr := decoder.Decode(line)
		checkDecode(t, line)
		var want Record
		wantErr := json.Unmarshal(line, &want)
		if gotErr != nil {
			if _, err := Decode(slices.Clone(line)); err == nil || err.Error() != gotErr.Error() {
				t.Fatalf("line %s\ngot  %v\nwant %v", line, gotErr, err)
			}
			continue
		}
		found := got.found
		got.found = nil
		if wantErr != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("line %s\ngot  %+v\nwant %+v, %v", line, got, want, wantErr)
		}
		got.found = found
		quickErr, slowErr := quick.Add(got), slow.addSlowly(want)
		if fmt.Sprint(quickErr) != fmt.Sprint(slowErr) {
			t.Fatalf("line %s\ngot  %v\nwant %v", line, quickErr, slowErr)
		}
		if _, err := objects(&slow.parser, want.Data); want.Data != nil && err != nil {
			return // of rows that are broken, those before stay that were read quickly
		}
	}
	sameColumns(t, quick.Columns(), slow.Columns())
}

// addSlowly is Add by the whole parser alone.
func (b *Builder) addSlowly(r Record) error {
	counted := r
	counted.Data = nil
	_ = b.Add(counted)
	if r.Data == nil {
		return nil
	}
	b.result.NotCaptured--
	rows, err := objects(&b.parser, r.Data)
	if err != nil {
		return fmt.Errorf("record %s: %w", r.ID, err)
	}
	for _, row := range rows {
		b.row(row, r.EventTime)
	}
	if r.Failed() || r.Response == nil {
		b.result.Versions[r.ModelVersion] += int64(len(rows))
		b.answer.add(len(rows), nil)
		return nil
	}
	answers, err := objects(&b.answerJSON, r.Response)
	if err != nil {
		return b.rest(r, len(rows), err)
	}
	b.result.Versions[r.ModelVersion] += int64(len(rows))
	if b.answer.text == nil {
		b.answer.text = b.answer.written() // as texts from the first answer on
	}
	b.answer.add(len(rows), answers)
	return nil
}

// servedLine is a line with some fields as they are given, in a place of their own.
func servedLine(data, response, more string) []byte {
	return fmt.Appendf(nil, `{"schema":"mlops/inference-record/v1","id":"a","time":"2026-01-02T03:04:05.5Z","eventtime":"2026-01-02T03:04:05.5Z","deployment":"d",`+
		`"instance":"i","status":200,"complete":true,%s"rows":1,"data":%s,"responserows":1,"response":%s,"sequence":1}`, more, data, response)
}

func decoderLines() [][]byte {
	var lines [][]byte
	for i, data := range rowSamples {
		for _, response := range []string{`[{"score":0.25}]`, `[{"score":null}]`, `[{"score":"0.250"}]`, `[{"score":1e400}]`, `[{"score":{}}]`, `[{"score":1,"score":2}]`, `[{}]`, ` [ {"a":1,"score":-0}, {} ] `, `{}`} {
			lines = append(lines, servedLine(data, response, ""), servedLine(data, response, fmt.Sprintf(`"modelversion":"%d",`, i%3+1)))
		}
	}
	return append(lines,
		servedLine(`[{"n":1}]`, `[{"score":1}]`, `"model":"m",`), servedLine(`[{"n":2}]`, `[{"score":1}]`, ` "model" : "m" ,`), servedLine(`[{"n":2}]`, `[{"score":1}]`, `"model":"m","model":"n",`),
		servedLine(`[{"n":1}]`, `[{"score":1}]`, `"latencyms":1,`), servedLine(`[{"n":1}]`, `[{"score":1}]`, `"latencyms":12,`), servedLine(`[{"n":1}]`, `[{"score":1}]`, `"error":"\u00e4",`),
		servedLine(`[{"n":1}]`, `[{"score":1}]`, `"unknown":1,`), servedLine(`[{"n":1}`, `[]`, ""), servedLine("[{\"c\":\"\xff\"}]", `[]`, ""), servedLine(`null`, `null`, ""), servedLine(`[]x`, `[]`, ""),
		servedLine(`[{"n":1}]`, `[{"score":1}]`, ""), []byte(`{"schema":"other"}`), []byte(`{"schema":"mlops/inference-record/v1"}`))
}

func TestDecoderReadsLinesAsDecodeDoes(t *testing.T) {
	lines := decoderLines()
	for i, line := range lines {
		checkDecoder(t, line)
		checkDecoder(t, line, line, lines[(i*7)%len(lines)], line)
	}
	valid := slices.DeleteFunc(slices.Clone(lines), func(line []byte) bool {
		r, err := Decode(line)
		return err != nil || NewBuilder(flatDataset()).Add(r) != nil
	})
	if len(valid) < 100 {
		t.Fatalf("only %d lines have rows", len(valid))
	}
	checkDecoder(t, valid...)
	slices.Reverse(valid)
	checkDecoder(t, valid...)
}

func FuzzDecoder(f *testing.F) {
	lines := decoderLines()
	for i, line := range lines {
		f.Add(line, lines[(i*7)%len(lines)])
	}
	f.Fuzz(func(t *testing.T, one, other []byte) { checkDecoder(t, one, other, one) })
}

// Rows of which another Decoder, or none, knows are read again.
func TestRecordsThatOutliveTheirDecoder(t *testing.T) {
	decoder := NewDecoder()
	var kept []Record
	for i := range 5 {
		r, err := decoder.Decode(servedLine(fmt.Sprintf(`[{"n":%d}]`, i), `[{"score":1}]`, ""))
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, r)
	}
	columns, err := ColumnsOf(kept, flatDataset())
	if err != nil || !slices.Equal(columns.Inputs[0].Numbers, []float64{0, 1, 2, 3, 4}) {
		t.Errorf("read %+v, %v", columns.Inputs, err)
	}
}
