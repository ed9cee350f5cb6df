// Package mlops is the domain: what Terraform declares (specs), what happened (events), what follows from both (state),
// and what to do next (steps). It is pure: no I/O, no clock, no randomness, no Terraform, no cloud. Everything here is a
// value or a function of values, so that every rule can be tested without a store, a process or a network.
package mlops

import "errors"

// Errors that every layer shares. Callers ask with errors.Is; texts are added by wrapping.
var (
	// ErrNotFound says that a document, spec, run or version does not exist.
	ErrNotFound = errors.New("not found")
	// ErrExists says that somebody else created the document first.
	ErrExists = errors.New("exists already")
	// ErrInvalid says that an input breaks a rule; the text says which and how to mend it.
	ErrInvalid = errors.New("invalid")
	// ErrConflict says that what was read has changed since; read again and decide again.
	ErrConflict = errors.New("changed since it was read")
	// ErrUnreachable says that nobody could be asked, so that nothing is known of what is there.
	ErrUnreachable = errors.New("unreachable")
	// ErrForbidden says that whoever asks has no right to do that; the text says which role gives it.
	ErrForbidden = errors.New("forbidden")
)
