// Package image writes container images of one static program each, as archives that Docker, Podman, containerd and registry
// tools load: nothing but the program, its files and the authorities that it trusts. Equal input gives equal bytes. It must
// not know what the programs are.
package image

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Image is what an archive holds.
type Image struct {
	// Names are references with a tag: "registry.example/mlops:0.1.0".
	Names []string
	// Program is the file of a static program; it is found on the image's PATH by its base name, and is the entry point.
	Program string
	// Files are further ones, by their path in the image.
	Files map[string]string
	// Architecture is Go's name of the program's, this machine's unless given.
	Architecture string
}

// user is one that owns nothing: images run as nobody in particular.
const user = "65532:65532"

const folderOfPrograms = "/usr/local/bin"

type configuration struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Config       struct {
		User       string   `json:"User"`
		Env        []string `json:"Env"`
		Entrypoint []string `json:"Entrypoint"`
		WorkingDir string   `json:"WorkingDir"`
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// Write writes the archive in Docker's layout.
func Write(file string, of Image) error {
	if len(of.Names) == 0 {
		return errors.New("image: give it a name")
	}
	layer, err := layer(of)
	if err != nil {
		return fmt.Errorf("image %s: %w", of.Names[0], err)
	}
	config := configuration{Architecture: cmp.Or(of.Architecture, runtime.GOARCH), OS: "linux"}
	config.Config.User, config.Config.WorkingDir = user, "/"
	config.Config.Env = []string{"PATH=" + folderOfPrograms}
	config.Config.Entrypoint = []string{folderOfPrograms + "/" + filepath.Base(of.Program)}
	config.RootFS.Type, config.RootFS.DiffIDs = "layers", []string{"sha256:" + digest(layer)}
	described, err := json.Marshal(config)
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]any{map[string]any{
		"Config": digest(described) + ".json", "RepoTags": of.Names, "Layers": []string{digest(layer) + "/layer.tar"},
	}})
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	to := tar.NewWriter(&archive)
	for _, part := range []struct {
		name    string
		content []byte
	}{{digest(described) + ".json", described}, {digest(layer) + "/layer.tar", layer}, {"manifest.json", manifest}} {
		if err := add(to, part.name, part.content, 0o644); err != nil {
			return err
		}
	}
	if err := to.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, archive.Bytes(), 0o644)
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// layer is the one layer: the program, the files, and the folders that they are in.
func layer(of Image) ([]byte, error) {
	contents, modes := map[string]string{folderOfPrograms + "/" + filepath.Base(of.Program): of.Program}, map[string]int64{}
	for name := range contents {
		modes[name] = 0o755
	}
	maps.Copy(contents, of.Files)
	var layer bytes.Buffer
	to := tar.NewWriter(&layer)
	made := map[string]bool{".": true, "/": true}
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		if err := folders(to, path.Dir(name), made); err != nil {
			return nil, err
		}
		content, err := os.ReadFile(contents[name])
		if err != nil {
			return nil, err
		}
		if err := add(to, strings.TrimPrefix(name, "/"), content, cmp.Or(modes[name], 0o644)); err != nil {
			return nil, err
		}
	}
	// A scratch image has no folder for temporary files.
	if err := to.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}); err != nil {
		return nil, err
	}
	err := to.Close()
	return layer.Bytes(), err
}

func folders(to *tar.Writer, folder string, made map[string]bool) error {
	if made[folder] {
		return nil
	}
	made[folder] = true
	if err := folders(to, path.Dir(folder), made); err != nil {
		return err
	}
	return to.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(folder, "/") + "/", Mode: 0o755})
}

func add(to *tar.Writer, name string, content []byte, mode int64) error {
	if err := to.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: mode}); err != nil {
		return err
	}
	_, err := io.Copy(to, bytes.NewReader(content))
	return err
}
