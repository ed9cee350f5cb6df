package mlops

import (
	"errors"
	"strings"
	"testing"
)

func TestWhoMayWrite(t *testing.T) {
	for name, test := range map[string]struct {
		own, applied, schema string
		may                  bool
	}{
		"the same":             {"0.1.0", "0.1.0", SpecSchema, true},
		"a patch":              {"0.1.0", "0.1.7", SpecSchema, true},
		"a development build":  {"0.1.0-dev", "0.1.0", SpecSchema, true},
		"by one":               {"0.1.3", "0.1.0-dev", SpecSchema, true},
		"an older minor":       {"0.3.0", "0.1.9", SpecSchema, true},
		"an older major":       {"1.0.0", "0.9.0", SpecSchema, true},
		"a newer minor":        {"0.1.0", "0.3.0", SpecSchema, false},
		"a newer minor, dev":   {"0.1.0-dev", "0.2.0-dev", SpecSchema, false},
		"ten is above nine":    {"0.9.0", "0.10.0", SpecSchema, false},
		"a newer major":        {"0.9.0", "1.0.0", SpecSchema, false},
		"no patch":             {"0.1", "v0.2-rc1+x", SpecSchema, false},
		"no version":           {"0.1.0", "test", SpecSchema, true},
		"nothing":              {"0.1.0", "", SpecSchema, true},
		"no version of ours":   {"test", "9.0.0", SpecSchema, true},
		"a negative":           {"0.1.0", "0.-2.0", SpecSchema, true},
		"one that overflows":   {"0.1.0", "99999999999999999999.0.0", SpecSchema, true},
		"a later schema":       {"0.1.0", "0.1.0", "mlops/spec/v2", false},
		"a later schema alone": {"test", "", "mlops/spec/v10", false},
		"no schema":            {"0.1.0", "0.1.0", "", true},
		"an odd schema":        {"0.1.0", "0.1.0", "mlops/spec/vintage", true},
	} {
		t.Run(name, func(t *testing.T) {
			documents := []SpecDocument{
				{Schema: SpecSchema, AgentVersion: "0.0.1"},
				{Schema: test.schema, Kind: KindModel, Name: "delay", AgentVersion: test.applied},
				{Schema: SpecSchema, AgentVersion: "0.1.0"},
			}
			err := MayWrite(test.own, documents)
			if test.may != (err == nil) || err != nil && !errors.Is(err, ErrOutdated) {
				t.Errorf("%s on a project of %s: %v", test.own, test.applied, err)
			}
		})
	}
}

func TestOutdatedSaysWhatToDo(t *testing.T) {
	err := MayWrite("0.1.0-dev", []SpecDocument{{AgentVersion: "0.3.0"}, {AgentVersion: "0.2.0"}})
	if want := "this project was last applied by provider 0.3.0; this mlops is 0.1.0-dev: update mlops"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}
