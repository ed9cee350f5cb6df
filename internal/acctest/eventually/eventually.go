// Package eventually waits in tests for what comes to be in its own time. It must not know what that is.
package eventually

import (
	"testing"
	"time"
)

// patience is for a busy machine: what holds is seen at once.
const (
	patience = time.Minute
	between  = 20 * time.Millisecond
)

// Holds asks until there is no objection; the last one ends the test.
func Holds(t testing.TB, objection func() error) {
	t.Helper()
	if err := Objection(objection); err != nil {
		t.Fatal(err)
	}
}

// Objection asks until there is none, and returns the last one.
func Objection(objection func() error) error {
	for end := time.Now().Add(patience); ; time.Sleep(between) {
		if err := objection(); err == nil || time.Now().After(end) {
			return err
		}
	}
}
