//go:build linux || darwin

package local

import (
	"os"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// key names a workload.
type key struct {
	kind workload.Kind
	name string
}

func (k key) String() string { return string(k.kind) + "/" + k.name }

// declared is a document as it was last read.
type declared struct {
	document
	stamp stamp
}

// readDocuments reads what was declared, changed or deleted since the last look.
func (r *runner) readDocuments() {
	for _, kind := range workload.Kinds {
		names, err := documentNames(r.folder.workloads(kind))
		if err != nil {
			r.complain(string(kind), err) // nothing is stopped because a folder could not be read
			continue
		}
		present := map[string]bool{}
		for _, name := range names {
			present[name] = true
			r.readDocument(key{kind: kind, name: name})
		}
		for known := range r.documents {
			if known.kind == kind && !present[known.name] {
				r.forget(known)
			}
		}
	}
}

func (r *runner) readDocument(k key) {
	current := stampOf(r.folder.workload(k.kind, k.name))
	if known, ok := r.documents[k]; ok && known.stamp.same(current) {
		return
	}
	if err := workload.CheckName(k.kind, k.name); err != nil {
		r.complain(k.String(), err)
		return
	}
	doc, err := r.folder.readDocument(k.kind, k.name)
	if err != nil {
		r.complain(k.String(), err)
		return
	}
	if known, ok := r.documents[k]; ok && known.UID != doc.UID && doc.UID != "" { // deleted and made again between two looks
		delete(r.services, known.UID)
		delete(r.schedules, known.UID)
	}
	r.documents[k] = &declared{document: doc, stamp: current}
	if doc.broken != nil {
		r.complain(k.String(), doc.broken)
		return
	}
	r.settledComplaint(k.String())
	r.log.Info("workload declared", "workload", k.String(), "revision", doc.revision)
}

// forget drops a workload that was deleted; endUnwanted then ends its pods.
func (r *runner) forget(k key) {
	delete(r.services, r.documents[k].UID)
	delete(r.schedules, r.documents[k].UID)
	delete(r.documents, k)
	delete(r.written, k)
	_ = os.Remove(r.folder.status(k.kind, k.name))
	if k.kind == workload.KindService {
		_ = os.Remove(r.folder.rolled(k.name))
	}
	r.log.Info("workload deleted", "workload", k.String())
	r.say("%s %s deleted", noun(k.kind), k.name)
}
