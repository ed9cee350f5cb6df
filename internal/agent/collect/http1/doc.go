// Package http1 reads the heads of HTTP/1.1 messages where they lie, without copying, and says which of them are plain. It
// accepts only what can be read in one way: whatever else a message is (another version, an upgrade, a body whose length is
// said twice, a folded header, a byte that has no place there), somebody with more patience must judge it. It does no I/O.
package http1
