package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func TestDeclaredPortIsTheLatest(t *testing.T) {
	project := t.TempDir()
	write := func(name, number, content string) {
		t.Helper()
		path := filepath.Join(project, "specs", "projects", name, number+".json")
		err := os.MkdirAll(filepath.Dir(path), 0o750)
		if err == nil {
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(when string, want int) {
		t.Helper()
		if got := declaredPort(project); got != want {
			t.Errorf("%s: port %d, want %d", when, got, want)
		}
	}
	expect("before the first apply", 0)
	write("p", "000000000001", `{"content": {"local": {"path": ".mlops"}}}`)
	expect("no port is declared", mlops.DefaultLocalPort)
	write("p", "000000000002", `{"content": {"local": {"path": ".mlops", "port": 9000}}}`)
	expect("declared", 9000)
	write("p", "000000000010", `{"content": {"local": {"path": ".mlops", "port": 9001}}}`)
	expect("changed", 9001)
	write("p", "000000000011", `{"deleted": true}`)
	expect("deleted", 0)
	write("q", "000000000001", `{"content": {"local": {"path": ".mlops", "port": 9002}}}`)
	expect("another project in its place", 9002)
	write("q", "000000000002", `spoilt`)
	expect("spoilt", 0)
}
