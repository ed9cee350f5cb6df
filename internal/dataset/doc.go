// Package dataset publishes versions of a dataset and reads them back: fingerprint, read, check, split once, freeze a
// profile, number. Provider, agent and command line share it. It must not know Terraform, runs or which platform it is on.
//
// What a version is made of stands in three kinds of documents:
//
//	data/sha256/<hex>                     training split, holdout and profile, by the hash of their bytes
//	datasets/<name>/<n>/manifest.json     names them; creating it publishes version n
//	datasets/<name>/<n>/deleted.json      a tombstone: no new run uses version n
//
// The content is written first and is found by nobody until a manifest names it. The manifest is one document, created if
// absent: of publishers that race for a number one wins, and the others take the next. So a publisher that dies, at
// whichever write, leaves either nothing that anyone sees or a whole version, and what it left in data/sha256 is found again
// by its hash when it tries again. The profile is content as well, by the manifest's ProfileSHA256, and not a second document
// beside the manifest: that one could belong to a publisher that lost the number.
//
// After a lost reply the publisher reads the manifest back: its own writer id means that it won. Publishing what the newest
// version holds already gives that version back.
package dataset
