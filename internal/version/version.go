// Package version holds what the build says about itself.
package version

// Version is set by the linker on release.
var Version = "0.1.0-dev"

// AgentDigest is the digest of the image of this version ("sha256:..."), set by the linker on release; "" where nobody knows.
var AgentDigest = ""
