package record

import (
	"strings"
	"unicode/utf8"
)

// Redaction is a set of column names that are never stored, compared without case. The zero value redacts nothing.
type Redaction struct {
	names map[string]bool
	list  [][]byte // the names in ASCII; no other can be told by its bytes
}

// NewRedaction makes a set; empty names are left out.
func NewRedaction(names ...string) Redaction {
	set := Redaction{names: map[string]bool{}}
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" || set.names[name] {
			continue
		}
		set.names[name] = true
		if strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
			set.list = append(set.list, []byte(name))
		}
	}
	return set
}

// Has says whether a name is redacted.
func (r Redaction) Has(name string) bool {
	return len(r.names) > 0 && r.names[strings.ToLower(name)]
}

// Empty says that nothing is redacted.
func (r Redaction) Empty() bool { return len(r.names) == 0 }
