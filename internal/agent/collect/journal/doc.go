// Package journal is a bounded log of numbered entries in a folder of one process. What Append has returned from survives the
// end of the process, however it ends, and after at most one interval of syncing also that of the machine. Entries are read
// back segment by segment, each whole or not at all, and a segment is removed once somebody has taken it.
//
// The folder:
//
//	lock                 held by the process that writes; free once it is gone
//	<12-digit n>.wal     a segment: the header, then entries from number n on; preallocated while it is written
//	next                 the next number, written where it is, so that a full disk cannot forget it
//	lost.json            numbers that were given and whose entries are not there, and why
//	spare-*              the next segment, preallocated ahead of its time
//
// Numbers grow by one. An entry that could not be kept leaves a hole, so that a reader sees that it is missing.
//
// It must not know what entries mean.
package journal
