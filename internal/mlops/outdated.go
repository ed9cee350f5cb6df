package mlops

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrOutdated says that the project was declared by a newer provider than this program is made for: it may read, and must
// not write, because it could misread what is asked of it.
var ErrOutdated = errors.New("mlops is older than the project")

// MayWrite says whether a program of a version may write to a project, by the newest document of each of its specs. It must
// not where one was written by a newer major or minor version, or has a schema of a later major version; the error wraps
// ErrOutdated and says what to do. A version that cannot be read says nothing, and what follows major and minor ("-dev",
// patches) does not count.
//
// Collectors and the jobs of runs that have begun are not asked: what they write was asked for by somebody who might.
func MayWrite(own string, specs []SpecDocument) error {
	ownRelease, known := releaseOf(own)
	applied, newest := "", ownRelease
	for _, document := range specs {
		if major := schemaMajor(document.Schema); major > schemaMajor(SpecSchema) {
			return fmt.Errorf("%w: spec %s/%s has the schema %s; this mlops is %s and reads %s: update mlops",
				ErrOutdated, document.Kind, document.Name, document.Schema, own, SpecSchema)
		}
		if written, ok := releaseOf(document.AgentVersion); ok && known && newest.before(written) {
			applied, newest = document.AgentVersion, written
		}
	}
	if applied == "" {
		return nil
	}
	return fmt.Errorf("%w: this project was last applied by provider %s; this mlops is %s: update mlops", ErrOutdated, applied, own)
}

// SameRelease says whether two versions understand each other; known is false where one of them is no version.
func SameRelease(one, other string) (same, known bool) {
	a, knownA := releaseOf(one)
	b, knownB := releaseOf(other)
	return a == b, knownA && knownB
}

// release is what of a semantic version decides who understands whom.
type release struct{ major, minor int }

func (r release) before(other release) bool {
	return r.major < other.major || r.major == other.major && r.minor < other.minor
}

// releaseOf reads major and minor of "0.3.1-dev" or "v0.3"; false for what is no version.
func releaseOf(version string) (release, bool) {
	major, rest, two := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	minor, _, _ = strings.Cut(minor, "-")
	minor, _, _ = strings.Cut(minor, "+")
	first, err := strconv.ParseUint(major, 10, 31)
	second, err2 := strconv.ParseUint(minor, 10, 31)
	return release{major: int(first), minor: int(second)}, two && err == nil && err2 == nil
}

// schemaMajor is the number behind "mlops/spec/v"; 0 where there is none.
func schemaMajor(schema string) int {
	number, err := strconv.ParseUint(strings.TrimPrefix(schema[strings.LastIndexByte(schema, '/')+1:], "v"), 10, 31)
	if err != nil {
		return 0
	}
	return int(number)
}
