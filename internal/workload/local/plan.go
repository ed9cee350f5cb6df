package local

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// replicaView is what planning needs to know of a replica that is neither done nor leaving.
type replicaView struct {
	name    string
	updated bool // made from what is wanted now
	ready   bool
	created time.Time
}

// servicePlan is what to do next for one service.
type servicePlan struct {
	start  int // replicas of what is wanted now
	revive int // replicas of what was rolled out last
	stop   []string
}

// circumstances bound what a plan may do.
type circumstances struct {
	wanted    int
	mayStart  bool // back-off of what is wanted now has passed
	mayRevive bool // either has failed, and what was rolled out last is known, another, and may be started
}

// planService decides one step towards the wanted count of updated replicas. While there are old ones, one new replica at
// a time is added, and an old one goes only when the new one is ready: the number that serve never falls below what is
// wanted. A roll-out that fails stays there, with the old ones kept at their number.
func planService(now circumstances, replicas []replicaView) servicePlan {
	var updated, old []replicaView
	ready := 0
	for _, replica := range replicas {
		switch {
		case !replica.updated:
			old = append(old, replica)
		case replica.ready:
			ready++
			fallthrough
		default:
			updated = append(updated, replica)
		}
	}
	waiting := len(updated) - ready
	var plan servicePlan
	if surplus := len(updated) - now.wanted; surplus > 0 {
		plan.stop = names(leastUseful(updated)[:surplus])
	}
	switch {
	case ready >= now.wanted:
		plan.stop = append(plan.stop, names(old)...)
	case now.mayRevive && ready+len(old) < now.wanted:
		plan.revive = now.wanted - ready - len(old)
	case len(old) == 0:
		if now.mayStart {
			plan.start = max(now.wanted-len(updated), 0)
		}
	case waiting > 0: // one at a time
	case len(updated)+len(old) > now.wanted:
		plan.stop = append(plan.stop, leastUseful(old)[0].name)
	case now.mayStart:
		plan.start = 1
	}
	return plan
}

// leastUseful sorts replicas: those that are not ready come first, then the youngest.
func leastUseful(replicas []replicaView) []replicaView {
	sorted := slices.Clone(replicas)
	slices.SortFunc(sorted, func(a, b replicaView) int {
		if a.ready != b.ready {
			if b.ready {
				return -1
			}
			return 1
		}
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(a.name, b.name))
	})
	return sorted
}

func names(replicas []replicaView) []string {
	var all []string
	for _, replica := range replicas {
		all = append(all, replica.name)
	}
	return all
}

// templateHash identifies what replicas must have in common: everything but their number and how long they are waited for.
func templateHash(service workload.Service) string {
	service.Replicas, service.Autoscaling, service.ReadyTimeout = 0, nil, 0
	content, err := json.Marshal(service)
	if err != nil {
		panic("local: a service cannot be marshalled: " + err.Error()) // only plain fields: cannot happen
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// wantedReplicas is the number to run; one machine has no autoscaler and runs its minimum.
func wantedReplicas(service workload.Service) int {
	if service.Autoscaling != nil {
		return int(service.Autoscaling.Minimum)
	}
	return int(service.Replicas)
}

const (
	firstBackOff   = 200 * time.Millisecond
	maximumBackOff = 30 * time.Second
	backOffForgets = 30 * time.Second // after so long without a failure
)

// backOff spaces the starts of what keeps failing.
type backOff struct {
	failures int
	last     time.Time
}

func (b *backOff) failed(now time.Time) { b.failures, b.last = b.failures+1, now }

// passed says whether another start may be tried.
func (b *backOff) passed(now time.Time) bool {
	if b.failures == 0 {
		return true
	}
	wait := firstBackOff << min(b.failures-1, 20)
	return !now.Before(b.last.Add(min(wait, maximumBackOff)))
}

// settled forgets old failures of what runs well.
func (b *backOff) settled(now time.Time) {
	if now.Sub(b.last) > backOffForgets {
		b.failures = 0
	}
}
