// Package version holds what the build says about itself.
package version

// Version is set by the linker on release.
var Version = "0.1.0-dev"
