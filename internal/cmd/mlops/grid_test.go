package main

import (
	"bytes"
	"strings"
	"testing"
)

// A table fits the terminal: its last column goes on below itself, or below its row where there is no room beside it.
func TestGridFitsTheTerminal(t *testing.T) {
	long := strings.Repeat("why ", 30)
	for name, test := range map[string]struct {
		columns string
		cells   []string
		want    string
	}{
		"a file gets whole lines": {"", []string{"run-1", "short"}, "RUN    WHY\nrun-1  short\n"},
		"beside":                  {"60", []string{"run-1", strings.TrimSpace(long[:60])}, "RUN    WHY\nrun-1  why why why why why why why why why why why why why\n       why why\n"},
		"below":                   {"40", []string{"run-1 of a model", strings.TrimSpace(long[:60])}, "RUN               WHY\nrun-1 of a model\n    why why why why why why why why why\n    why why why why why why\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(columnsName, test.columns)
			var out bytes.Buffer
			table := newGrid(&out, "", "RUN", "WHY")
			table.row(test.cells...)
			table.flush()
			if out.String() != test.want {
				t.Errorf("got\n%swant\n%s", out.String(), test.want)
			}
		})
	}
	t.Setenv(columnsName, "")
	var out bytes.Buffer
	table := newGrid(&out, "")
	table.row("x", long)
	table.flush()
	if strings.Count(out.String(), "\n") != 1 {
		t.Errorf("a file gets %q, want one line", out.String())
	}
}

func TestBrief(t *testing.T) {
	for text, want := range map[string]string{
		"origin has changed (\"LAX\" 7.8 %, was 0 %).": "origin has changed", "Nothing has changed.": "Nothing has changed", "": "",
	} {
		if got := brief(text); got != want {
			t.Errorf("brief(%q) is %q, want %q", text, got, want)
		}
	}
}
