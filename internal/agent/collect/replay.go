package collect

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// readWAL reads the whole records of a file of the log, in order; line is the record with its line break, valid until each
// returns. A line without its end was being written when the process died, so nobody was told that it is there. Any other
// line that does not hold is counted in bad.
func readWAL(path string, each func(r record.Line, line []byte)) (bad int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<16)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return bad, nil
		}
		if err != nil {
			return bad, fmt.Errorf("log file %s: %w", path, err)
		}
		r, ok := readLine(line)
		if !ok {
			if len(line) > 1 {
				bad++
			}
			continue
		}
		each(r, line[crcLength+1:])
	}
}

func readLine(line []byte) (record.Line, bool) {
	if len(line) < crcLength+3 || line[crcLength] != ' ' {
		return record.Line{}, false
	}
	sum, err := strconv.ParseUint(string(line[:crcLength]), 16, 32)
	content := line[crcLength+1 : len(line)-1]
	if err != nil || uint32(sum) != crc32.Checksum(content, castagnoli) {
		return record.Line{}, false
	}
	r, err := record.DecodeLine(content)
	return r, err == nil
}

// instanceIn is the name of the collectors that use this folder one after another; it is made once.
func instanceIn(folder string) (string, error) {
	path := filepath.Join(folder, instanceAt)
	content, err := os.ReadFile(path)
	if name := strings.TrimSpace(string(content)); err == nil && name != "" {
		return name, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("log folder %q: %w", folder, err)
	}
	name := newInstance()
	if err := os.WriteFile(path, []byte(name+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("log folder %q: %w", folder, err)
	}
	return name, nil
}
