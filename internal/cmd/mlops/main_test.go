package main

import (
	"os"
	"testing"
)

// asCommand makes the test binary behave as the mlops command: tests that kill processes start themselves with it set.
const asCommand = "MLOPS_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}
