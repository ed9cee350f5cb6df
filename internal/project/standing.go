package project

// StandingPrefix begins the keys of what is true of the place of a project alone, such as where it stands in clusters: none
// of it goes along when the project is copied.
const StandingPrefix = "standing/"
