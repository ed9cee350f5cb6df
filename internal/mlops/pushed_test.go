package mlops

import "testing"

func TestTagThatWasPushedAgain(t *testing.T) {
	version := func(number int64, image, digest string) ModelVersion {
		return ModelVersion{Number: number, Inputs: Inputs{Image: image}, Output: Output{ImageDigest: digest}}
	}
	state := State{Versions: []ModelVersion{
		version(1, "delay:1", "sha256:a"), version(2, "delay:1", "sha256:a"), version(3, "delay:2", "sha256:b"), version(4, "delay:1", ""),
	}}
	if found := state.PushedAgain(); found != nil {
		t.Errorf("%v, want nothing: each tag was one image", found)
	}
	state.Versions = append(state.Versions, version(5, "delay:1", "sha256:c"))
	found := state.PushedAgain()
	if len(found) != 1 || found[0].Image != "delay:1" || len(found[0].Versions) != 3 || found[0].Versions[5] != "sha256:c" {
		t.Errorf("%v, want delay:1 with versions 1, 2 and 5", found)
	}
}
