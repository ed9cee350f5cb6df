package main

import (
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/status"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func TestStatusShowsATagThatWasPushedAgain(t *testing.T) {
	var out strings.Builder
	printStatus(&out, status.View{Models: []status.Model{{Name: "delay", PushedAgain: []mlops.PushedAgain{
		{Image: "delay:1.0.0", Versions: map[int64]string{2: "sha256:bb", 1: "sha256:aa"}},
	}}}})
	if want := "delay:1.0.0 was pushed again: it was sha256:aa for version 1, sha256:bb for version 2"; !strings.Contains(out.String(), want) {
		t.Errorf("%s\nwant %s", out.String(), want)
	}
}
