package record

import "strings"

// Redaction is a set of column names that are never stored, compared without case. The zero value redacts nothing.
type Redaction struct{ names map[string]bool }

// NewRedaction makes a set; empty names are left out.
func NewRedaction(names ...string) Redaction {
	set := Redaction{names: map[string]bool{}}
	for _, name := range names {
		if name = strings.TrimSpace(name); name != "" {
			set.names[strings.ToLower(name)] = true
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
