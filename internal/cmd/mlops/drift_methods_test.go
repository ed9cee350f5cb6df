package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
)

// The guide says of every method what the program says, in the same words.
func TestGuideListsEveryMethod(t *testing.T) {
	for _, folder := range []string{"templates", "docs"} {
		guide, err := os.ReadFile(filepath.Join("..", "..", "..", folder, "guides", "drift-methods.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, method := range drift.Methods() {
			if method.About == "" || !method.Numbers && !method.Categories {
				t.Errorf("%s is not described", method.ID)
			}
			if row := fmt.Sprintf("| `%s` | %s | %s |\n", method.ID, columnsOf(method), method.About); !strings.Contains(string(guide), row) {
				t.Errorf("the guide in %s has no row %q", folder, row)
			}
		}
	}
}

func TestNearestMethods(t *testing.T) {
	for text, want := range map[string]string{
		"evidentl/psi": "evidently/psi", "scipy/kss": "scipy/ks", "hellinge": "hellinger", "PSI/Quantile10": "psi/quantile10", "azureml/wassertein": "azureml/wasserstein",
	} {
		if got := nearest(text, methodIDs())[0]; got != want {
			t.Errorf("nearest to %s is %s, want %s", text, got, want)
		}
	}
}
