package mlops

import (
	"slices"
	"strings"
)

// PushedAgain is an image that has been different things under one name: a tag was pushed again, or, on one machine, the
// program of that name was replaced.
type PushedAgain struct {
	Image    string           `json:"image"`
	Versions map[int64]string `json:"digests"` // by version of the model
}

// PushedAgain lists the images of a model's versions that were not the same each time, in order of name. Versions of which no
// digest is known say nothing.
func (s State) PushedAgain() []PushedAgain {
	byImage := map[string]map[int64]string{}
	for _, version := range s.Versions {
		digest := version.Output.ImageDigest
		if digest == "" || strings.Contains(version.Inputs.Image, "@") {
			continue
		}
		if byImage[version.Inputs.Image] == nil {
			byImage[version.Inputs.Image] = map[int64]string{}
		}
		byImage[version.Inputs.Image][version.Number] = digest
	}
	var found []PushedAgain
	for image, versions := range byImage {
		first := ""
		for _, digest := range versions {
			if first == "" {
				first = digest
			}
			if digest != first {
				found = append(found, PushedAgain{Image: image, Versions: versions})
				break
			}
		}
	}
	slices.SortFunc(found, func(a, b PushedAgain) int { return strings.Compare(a.Image, b.Image) })
	return found
}
