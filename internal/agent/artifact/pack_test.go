package artifact_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/artifact"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// The same model has the same hash, whenever and in whatever order its files were written.
func TestPackDependsOnContentAlone(t *testing.T) {
	var archives [2]bytes.Buffer
	for i, names := range [][]string{{"b/weights.bin", "a.json"}, {"a.json", "b/weights.bin"}} {
		dir := t.TempDir()
		for _, name := range names {
			write(t, filepath.Join(dir, name), "content of "+name)
		}
		past := time.Unix(int64(i)*1e6, 0)
		if err := os.Chtimes(filepath.Join(dir, "a.json"), past, past); err != nil {
			t.Fatal(err)
		}
		if err := artifact.Pack(&archives[i], dir); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0].Bytes(), archives[1].Bytes()) {
		t.Error("two folders of equal content gave different bytes")
	}
}

// What is unpacked is what was packed; a link inside the folder arrives as a copy.
func TestPackThenUnpack(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "model")
	write(t, filepath.Join(dir, "deep/er/weights.bin"), "weights")
	write(t, filepath.Join(dir, "run.sh"), "#!/bin/sh")
	if err := os.Chmod(filepath.Join(dir, "run.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("deep/er/weights.bin", filepath.Join(dir, "latest")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := artifact.Pack(&archive, dir); err != nil {
		t.Fatal(err)
	}
	if err := artifact.Unpack(&archive, to); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(to, "deep/er/weights.bin")) + read(t, filepath.Join(to, "latest")); got != "weightsweights" {
		t.Errorf("unpacked %q", got)
	}
	if info, err := os.Stat(filepath.Join(to, "run.sh")); err != nil || info.Mode().Perm()&0o111 == 0 {
		t.Errorf("the program is not executable any more: %v, %v", info, err)
	}
	if info, err := os.Stat(filepath.Join(to, "empty")); err != nil || !info.IsDir() {
		t.Errorf("the empty folder is gone: %v", err)
	}
}

// A hostile trainer does not make the agent read for it what it may not read itself, nor hang on a pipe.
func TestPackTakesOnlyFilesOfTheFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	write(t, outside, "secret")
	for name, plant := range map[string]func(string) error{
		"absolute link":    func(name string) error { return os.Symlink(outside, name) },
		"link that climbs": func(name string) error { return os.Symlink("../../../../../../etc/hostname", name) },
		"link to nowhere":  func(name string) error { return os.Symlink("nothing", name) },
		"link to a folder": func(name string) error { return os.Symlink(".", name) },
		"pipe":             func(name string) error { return syscall.Mkfifo(name, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := plant(filepath.Join(dir, "weights.bin")); err != nil {
				t.Skip(err)
			}
			var archive bytes.Buffer
			if err := artifact.Pack(&archive, dir); !errors.Is(err, mlops.ErrInvalid) {
				t.Errorf("got %v, want mlops.ErrInvalid", err)
			}
		})
	}
}

// Nothing that a tar says puts a byte outside its folder.
func TestUnpackRefusesHostileTars(t *testing.T) {
	file := func(name string) tar.Header {
		return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: 4, Mode: 0o644}
	}
	for name, headers := range map[string][]tar.Header{
		"climbs":            {file("../evil")},
		"climbs midway":     {file("a/../../evil")},
		"absolute":          {file("/evil")},
		"symbolic link":     {{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "/etc"}},
		"link then through": {{Typeflag: tar.TypeSymlink, Name: "link", Linkname: ".."}, file("link/evil")},
		"hard link":         {{Typeflag: tar.TypeLink, Name: "link", Linkname: "/etc/passwd"}},
		"device":            {{Typeflag: tar.TypeChar, Name: "null", Devmajor: 1, Devminor: 3}},
		"twice":             {file("a"), file("a")},
		"file as folder":    {file("a"), file("a/b")},
	} {
		t.Run(name, func(t *testing.T) {
			var archive bytes.Buffer
			writer := tar.NewWriter(&archive)
			for _, header := range headers {
				if err := writer.WriteHeader(&header); err != nil {
					t.Fatal(err)
				}
				if header.Size > 0 {
					if _, err := writer.Write([]byte("evil")); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := writer.Close(); err != nil {
				t.Fatal(err)
			}
			parent := t.TempDir()
			if err := artifact.Unpack(&archive, filepath.Join(parent, "deep", "model")); err == nil {
				t.Error("it was unpacked")
			}
			for _, path := range []string{filepath.Join(parent, "evil"), filepath.Join(parent, "deep", "evil"), "/evil"} {
				if _, err := os.Lstat(path); err == nil {
					t.Errorf("%s was written", path)
				}
			}
		})
	}
}

// Whatever the bytes, unpacking ends with an error or with files, never outside the folder.
func FuzzUnpack(f *testing.F) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	_ = writer.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "a/b", Size: 1, Mode: 0o644})
	_, _ = writer.Write([]byte("x"))
	_ = writer.Close()
	f.Add(archive.Bytes())
	f.Add([]byte("not a tar"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parent := t.TempDir()
		_ = artifact.Unpack(bytes.NewReader(data), filepath.Join(parent, "model"))
		entries, err := os.ReadDir(parent)
		if err != nil || len(entries) > 1 {
			t.Fatalf("%v, %v", entries, err)
		}
	})
}
