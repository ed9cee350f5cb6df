package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// grid writes aligned columns, two spaces apart, behind an indent. Only the last column may hold long text: where the
// width is known it goes on below itself, or on a line of its own where too little room is left for it.
type grid struct {
	to     io.Writer
	indent string
	empty  string // what an empty cell shows
	width  int    // of a line, 0 for any
	rows   [][]string
}

const (
	gap         = 2
	leastLast   = 30 // columns below which the last cell moves to lines of its own
	leastWidth  = 40 // a terminal that says it is narrower is not believed
	columnsName = "COLUMNS"
)

func newGrid(to io.Writer, indent string, headings ...string) *grid {
	g := &grid{to: to, indent: indent, empty: dash, width: lineWidth(to)}
	if len(headings) > 0 {
		g.row(headings...)
	}
	return g
}

// row adds one line.
func (g *grid) row(cells ...string) {
	for i, cell := range cells {
		if cells[i] = oneLine(cell); cells[i] == "" {
			cells[i] = g.empty
		}
	}
	g.rows = append(g.rows, cells)
}

// flush writes what was added.
func (g *grid) flush() {
	var widths []int // of all columns but the last
	for _, cells := range g.rows {
		for i, cell := range cells[:len(cells)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	start := utf8.RuneCountInString(g.indent)
	for _, width := range widths {
		start += width + gap
	}
	for _, cells := range g.rows {
		var line strings.Builder
		line.WriteString(g.indent)
		for i, cell := range cells[:len(cells)-1] {
			fmt.Fprintf(&line, "%-*s", widths[i]+gap, cell)
		}
		g.writeLast(line.String(), cells[len(cells)-1], start)
	}
	g.rows = nil
}

// writeLast writes a line and its last cell, which begins at a column.
func (g *grid) writeLast(line, last string, start int) {
	switch {
	case g.width == 0 || start+utf8.RuneCountInString(last) <= g.width:
		fmt.Fprintln(g.to, strings.TrimRight(line+last, " "))
	case g.width-start >= leastLast:
		fmt.Fprintln(g.to, line+wrap(last, g.width-start, strings.Repeat(" ", start)))
	default:
		below := g.indent + "    "
		fmt.Fprintln(g.to, strings.TrimRight(line, " "))
		fmt.Fprintln(g.to, below+wrap(last, g.width-len(below), below))
	}
}

// paragraph writes a text behind an indent, broken where the width is known.
func paragraph(to io.Writer, indent, text string) {
	text = oneLine(text)
	if width := lineWidth(to); width > 0 {
		text = wrap(text, width-len(indent), indent)
	}
	fmt.Fprintln(to, indent+text)
}

// lineWidth is how long a line may be: what COLUMNS says, else the width of the terminal, else 0: a file or another program
// gets its lines whole.
func lineWidth(to io.Writer) int {
	if width, err := strconv.Atoi(os.Getenv(columnsName)); err == nil && width >= leastWidth {
		return width
	}
	if file, ok := to.(*os.File); ok {
		if width := terminalWidth(file); width >= leastWidth {
			return width
		}
	}
	return 0
}

// brief is a text without the evidence that stands in brackets behind its first clause.
func brief(text string) string {
	clause, _, cut := strings.Cut(text, " (")
	if !cut {
		return strings.TrimSuffix(text, ".")
	}
	return clause
}
