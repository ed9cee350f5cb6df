package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// dash stands where there is nothing to say.
const dash = "-"

// printJSON writes a value for programs: indented, names as they stand in the types' tags.
func printJSON(to io.Writer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// oneLine keeps a text from breaking a line, an alignment or a terminal.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}

// escapes are what terminals obey: colours, cursor movements, titles.
var escapes = regexp.MustCompile("\x1b(\\[[0-9;?]*[ -/]*[@-~]|\\][^\x07\x1b]*(\x07|\x1b\\\\)?)")

// printable keeps line ends and tabs of a text, and takes out what else would move a terminal's cursor or colours.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == utf8.RuneError {
			return -1
		}
		return r
	}, escapes.ReplaceAllString(text, ""))
}

// when is a time in UTC to the minute; "" for none.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// whenExactly is a time in UTC to the second.
func whenExactly(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// short is the beginning of a digest, enough to tell it from others.
func short(digest string) string {
	if len(digest) > 12 {
		return digest[:12]
	}
	return digest
}

// plural is "1 row" or "12 rows".
func plural(count int64, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return thousands(count) + " " + noun + "s"
}

// decimal is a number as digits alone.
func decimal(value int64) string { return strconv.FormatInt(value, 10) }

// thousands is 1,234,567.
func thousands(count int64) string {
	digits := decimal(count)
	start := len(digits) % 3
	if count < 0 {
		return "-" + thousands(-count)
	}
	var groups []string
	if start > 0 {
		groups = append(groups, digits[:start])
	}
	for i := start; i < len(digits); i += 3 {
		groups = append(groups, digits[i:i+3])
	}
	return strings.Join(groups, ",")
}

// bytesText is 1.2 MB, for people.
func bytesText(count int64) string {
	size, unit := float64(count), 0
	for size >= 1000 && unit < 4 {
		size, unit = size/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d bytes", count)
	}
	return fmt.Sprintf("%.1f %s", size, []string{"", "kB", "MB", "GB", "TB"}[unit])
}
