package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Records that were logged elsewhere, with labels, are enough for a dataset version; importing them again does nothing.
func TestImportedRecordsMakeAVersion(t *testing.T) {
	folder := declareFlights(t)
	path := filepath.Join(t.TempDir(), "scored.csv")
	if err := os.WriteFile(path, []byte("at,miles,p,late\n2001-02-12T08:00:00Z,1,0.5,true\n2001-02-12T09:00:00Z,2,0.5,false\n2001-02-12T10:00:00Z,3,0.5,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"records", "import", path, "--project", folder, "--deployment", "delay", "--timestamp-column", "at", "--prediction-column", "p", "--label-column", "late"}
	for _, want := range []string{"5 segments\n", "all of it was imported before"} {
		if out, err := runCommand(t, arguments...); err != nil || !strings.Contains(out, "records       3\nrows          3\nlabels        2\n") || !strings.Contains(out, want) {
			t.Errorf("import says %s, %v; want %q", out, err, want)
		}
	}
	out, err := runCommand(t, "records", "count", "--project", folder, "--deployment", "delay")
	if err != nil || !strings.Contains(out, "records       3\n") {
		t.Errorf("counted %s, %v", out, err)
	}
	out, err = runCommand(t, "dataset", "from-records", "flights", "--project", folder, "--deployment", "delay")
	if err != nil || !strings.Contains(out, "published version 1") || !strings.Contains(out, "left out: 1 rows without a label") {
		t.Errorf("published %s, %v", out, err)
	}
	for flags, want := range map[string]string{"--deployment Delay!": "--deployment", "--model-version -1": "--model-version", "--timestamp-column when": `no column "when"`} {
		if out, err := runCommand(t, append(arguments, strings.Fields(flags)...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", flags, out, err)
		}
	}
}
