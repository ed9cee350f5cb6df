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

// lineFeeds makes line ends line feeds, as CSV readers do within quotes: so a text is the same from every format.
func lineFeeds(text string) string {
	if strings.IndexByte(text, '\r') < 0 {
		return text
	}
	return strings.ReplaceAll(text, "\r\n", "\n")
}

// textBuilder collects the cells of a text column.
type textBuilder struct {
	text []string
	null []bool // nil until the first null
}

func (b *textBuilder) add(cell string) {
	if IsNullText(cell) {
		b.addNull()
		return
	}
	b.text = append(b.text, lineFeeds(cell))
	if b.null != nil {
		b.null = append(b.null, false)
	}
}

func (b *textBuilder) addNull() {
	if b.null == nil {
		b.null = make([]bool, len(b.text), cap(b.text)+1)
	}
	b.text = append(b.text, "")
	b.null = append(b.null, true)
}

// addNumber adds a number as it was written; the nan that some programs write in JSON is null.
func (b *textBuilder) addNumber(cell string) {
	if strings.EqualFold(strings.TrimLeft(cell, "+-"), "nan") {
		b.addNull()
		return
	}
	b.add(cell)
}

// truncate takes back what was added after the first rows.
func (b *textBuilder) truncate(rows int) {
	if len(b.text) <= rows {
		return
	}
	b.text = b.text[:rows]
	if b.null != nil {
		b.null = b.null[:rows]
	}
}

func (b *textBuilder) column(name string) Column {
	return Column{Name: name, Text: b.text, Null: b.null}
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
