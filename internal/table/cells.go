package table

import (
	"fmt"
	"strings"
)

// IsNullText says whether a text means null: nothing, NULL, null or NaN. It is the same in every format, so that a table and
// its CSV are the same. NAN is an airport.
func IsNullText(text string) bool {
	switch text {
	case "", "NULL", "null", "NaN":
		return true
	default:
		return false
	}
}

// reportedLines is how many bad lines an error names; it counts the others.
const reportedLines = 10

// lineFaults collects lines that do not parse, so that one run shows all of them.
type lineFaults struct {
	lines []string
	count int
}

func (f *lineFaults) note(line int, format string, arguments ...any) {
	f.count++
	if len(f.lines) < reportedLines {
		f.lines = append(f.lines, fmt.Sprintf("line %d ", line)+fmt.Sprintf(format, arguments...))
	}
}

func (f *lineFaults) err() error {
	if f.count == 0 {
		return nil
	}
	text := strings.Join(f.lines, "; ")
	if more := f.count - len(f.lines); more > 0 {
		text += fmt.Sprintf("; and %d more lines", more)
	}
	return invalid("%s", text)
}
