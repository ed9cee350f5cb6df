// Package artifact carries bytes between the project store and the folders of a job's pod: it fetches a version's model
// and a dataset's split, checked by SHA-256, and publishes what user code left behind, once. What user code wrote is not
// trusted: no link and no name leads out of a folder, and no number is taken that is not one. It must not know how jobs
// are run, nor what a model is.
package artifact

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Pack writes a folder as a tar that depends on names, contents and executable bits alone: sorted, without times and
// owners. A link is followed where it stays inside the folder; one that leads out, a link to a folder, and anything that
// is neither file nor folder is mlops.ErrInvalid.
func Pack(to io.Writer, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("pack %s: %w", dir, err)
	}
	defer func() { _ = root.Close() }()
	archive := tar.NewWriter(to)
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		return packEntry(archive, root, name, entry)
	})
	if err != nil {
		return fmt.Errorf("pack %s: %w", dir, err)
	}
	return archive.Close()
}

func packEntry(archive *tar.Writer, root *os.Root, name string, entry fs.DirEntry) error {
	if entry.IsDir() {
		return archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, Format: tar.FormatPAX})
	}
	info, err := root.Stat(name) // follows links, and never out of root
	if err != nil {
		return fmt.Errorf("%w: %s is a link that leads out of the folder or nowhere: put a copy there", mlops.ErrInvalid, name)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is neither a file nor a folder (%s): only these are kept", mlops.ErrInvalid, name, info.Mode().Type())
	}
	file, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	mode := int64(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: info.Size(), Format: tar.FormatPAX}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	if errors.Is(err, tar.ErrWriteTooLong) {
		return fmt.Errorf("%s changed while it was read", name)
	}
	return err
}

// Unpack writes the files of a tar below a folder, which it makes. Names that lead out of it, links, devices, sparse
// files and a name that comes twice are mlops.ErrInvalid.
func Unpack(from io.Reader, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("unpack to %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpack to %s: %w", dir, err)
	}
	defer func() { _ = root.Close() }()
	archive := tar.NewReader(from)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack: %w: not a tar: %w", mlops.ErrInvalid, err)
		}
		if err := unpackEntry(root, header, archive); err != nil {
			return fmt.Errorf("unpack %q: %w", header.Name, err)
		}
	}
}

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	if !fs.ValidPath(name) || name == "." {
		return fmt.Errorf("%w: the name leads out of the folder", mlops.ErrInvalid)
	}
	for key := range header.PAXRecords {
		if len(key) > 10 && key[:10] == "GNU.sparse" { // a few bytes that would unpack to any size
			return fmt.Errorf("%w: a sparse file", mlops.ErrInvalid)
		}
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeReg:
	default:
		return fmt.Errorf("%w: neither a file nor a folder", mlops.ErrInvalid)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if header.Mode&0o111 != 0 {
		mode = 0o755
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: it comes twice", mlops.ErrInvalid)
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
