package folder_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/conformance"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/folder"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) platform.Store { return open(t, t.TempDir()) })
}

func TestReadersMakeNoFolder(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := folder.OpenExisting(missing); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("open: %v, want not found", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Error("the folder was made")
	}
}

// What other programs leave in the folder has no key, and is not listed.
func TestForeignFilesAreNotListed(t *testing.T) {
	root := t.TempDir()
	store := open(t, root)
	if err := store.Create(t.Context(), "requests/ada/1.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1.json~", ".1.json.swp", "#1.json#", "Notes.txt", "a b"} {
		if err := os.WriteFile(filepath.Join(root, "requests", "ada", name), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := store.List(t.Context(), "requests/", "", 0)
	if err != nil || len(entries) != 1 || entries[0].Key != "requests/ada/1.json" {
		t.Errorf("listed %v, %v; want the one document", entries, err)
	}
}

// Folders go with their last document, whoever is about to write the next.
func TestEmptyFoldersGo(t *testing.T) {
	root := t.TempDir()
	store := open(t, root)
	var writers sync.WaitGroup
	for writer := range 4 {
		writers.Go(func() {
			for n := range 200 {
				key := fmt.Sprintf("records/2026/11/24/%d-%d", writer, n)
				if err := store.Create(t.Context(), key, []byte("{}")); err != nil {
					t.Error(err)
				}
				if err := store.Delete(t.Context(), key); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if left, err := os.ReadDir(root); err != nil || len(left) != 1 || left[0].Name() != ".tmp" {
		t.Errorf("left are %v, %v", left, err)
	}
}

// What a killed writer left is removed once nobody can be writing it any more.
func TestAbandonedFilesGo(t *testing.T) {
	root := t.TempDir()
	open(t, root)
	old, young := filepath.Join(root, ".tmp", "new-1"), filepath.Join(root, ".tmp", "new-2")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lastMonth := time.Now().Add(-30 * 24 * time.Hour)
	if err := os.Chtimes(old, lastMonth, lastMonth); err != nil {
		t.Fatal(err)
	}
	open(t, root)
	if left, err := os.ReadDir(filepath.Join(root, ".tmp")); err != nil || len(left) != 1 || left[0].Name() != "new-2" {
		t.Errorf("left are %v, %v", left, err)
	}
}

// A writer that is killed at any moment leaves whole documents only, and numbers without a gap.
func TestKilledWriterLeavesWholeDocuments(t *testing.T) {
	root := t.TempDir()
	for round := range 8 {
		writer := exec.Command(os.Args[0], "-test.run=TestWriterProcess")
		writer.Env = append(os.Environ(), "FOLDER_TEST_WRITER="+root, fmt.Sprintf("FOLDER_TEST_ROUND=%d", round))
		output, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		// Let it write a few documents, a different number each round, and kill it in the midst of the next.
		lines := bufio.NewScanner(output)
		for range round + 2 {
			lines.Scan()
		}
		_ = writer.Process.Kill()
		_ = writer.Wait()
	}
	store := open(t, root)
	entries, err := store.List(t.Context(), "kill/", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 8 {
		t.Fatalf("%d documents, want at least one a round", len(entries))
	}
	for _, entry := range entries {
		if entry.Size != documentSize {
			t.Errorf("%s has %d bytes, want %d", entry.Key, entry.Size, documentSize)
		}
	}
}

const documentSize = 256 << 10

// TestWriterProcess is the process that the test above kills.
func TestWriterProcess(t *testing.T) {
	root := os.Getenv("FOLDER_TEST_WRITER")
	if root == "" {
		t.Skip("runs only as the process that TestKilledWriterLeavesWholeDocuments kills")
	}
	store := open(t, root)
	document := strings.Repeat("x", documentSize)
	for n := 0; ; n++ {
		key := fmt.Sprintf("kill/%s-%06d", os.Getenv("FOLDER_TEST_ROUND"), n)
		if err := store.Create(t.Context(), key, []byte(document)); err != nil {
			t.Fatal(err)
		}
		fmt.Println(key)
	}
}

func open(t *testing.T, root string) *folder.Store {
	t.Helper()
	store, err := folder.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// What cannot be a project's folder says why, in words that lead to the cause.
func TestFolderThatCannotBeOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Open(file); err == nil || !strings.Contains(err.Error(), "it is a file: name a folder") {
		t.Errorf("a file as a folder: %v", err)
	}
	if os.Geteuid() == 0 {
		t.Skip("permissions stop nobody who is root")
	}
	locked := t.TempDir()
	if err := os.MkdirAll(filepath.Join(locked, ".tmp"), 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Open(locked); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("a folder without permission: %v", err)
	}
}
