package collect

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
)

// A home whose lock seems free is taken at once on its own machine. From another it is taken once its collector has stopped,
// or its mark is old: a lock need not hold between machines.
func TestHomeOfAnotherMachineIsTakenOnceItIsSilent(t *testing.T) {
	for name, test := range map[string]struct {
		boot    string
		stopped bool
		age     time.Duration
		taken   int
	}{
		"this machine":               {boot: bootID(), taken: 1},
		"another, fresh":             {boot: "another", taken: 0},
		"another, stopped":           {boot: "another", stopped: true, taken: 1},
		"another, silent":            {boot: "another", age: 2 * silence, taken: 1},
		"another, a mark was missed": {boot: "another", age: markEvery * 2, taken: 0},
	} {
		t.Run(name, func(t *testing.T) {
			root, store := t.TempDir(), memstore.New()
			h := leftHome(t, root, "a", store)
			write(t, h, 1, 3)
			h.owner.Boot, h.owner.Stopped = test.boot, test.stopped
			if err := h.saveOwner(); err != nil {
				t.Fatal(err)
			}
			left := kill(t, root)
			mark := filepath.Join(left, "a", markName)
			marked, err := os.Stat(mark)
			if err != nil {
				t.Fatalf("a collector that runs leaves no mark: %v", err)
			}
			if err := os.Chtimes(mark, time.Time{}, marked.ModTime().Add(-test.age)); err != nil {
				t.Fatal(err)
			}
			if taken := adoptAll(t, left, store); taken != test.taken {
				t.Errorf("%d homes were taken, want %d", taken, test.taken)
			}
			checkSequence(t, stored(t, store), 3*test.taken)
		})
	}
}
