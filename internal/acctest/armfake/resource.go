package armfake

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// resource is one thing with an id. body holds what was sent, fill what the service adds.
type resource struct {
	target
	body    map[string]any
	fill    map[string]any // below "properties" where the key says so: "properties.state"
	etag    int
	created time.Time
	state   string // provisioningState while a long-running operation goes on
	hidden  int    // reads that do not see it yet
	fresh   int    // role assignments: checks that do not see it yet
	seeded  bool   // put by a test, not through the API
}

// properties of what was sent and filled in.
func (r *resource) properties() map[string]any {
	properties, _ := r.shown()["properties"].(map[string]any)
	return properties
}

// tag is the ETag.
func (r *resource) tag() string { return fmt.Sprintf("%q", fmt.Sprintf("0x%08X", r.etag)) }

// shown is the resource as a GET tells it.
func (r *resource) shown() map[string]any {
	shown := clone(r.body)
	for path, value := range r.fill {
		set(shown, path, value)
	}
	shown["id"], shown["name"], shown["type"] = r.id, r.name, r.target.shown
	if r.state != "" {
		set(shown, "properties.provisioningState", r.state)
	}
	return shown
}

// set puts a value at a dotted path, making objects on the way.
func set(object map[string]any, path string, value any) {
	parts := strings.Split(path, ".")
	for _, part := range parts[:len(parts)-1] {
		next, ok := object[part].(map[string]any)
		if !ok {
			next = map[string]any{}
			object[part] = next
		}
		object = next
	}
	object[parts[len(parts)-1]] = value
}

// clone copies what JSON can hold.
func clone(object map[string]any) map[string]any {
	copied, _ := copyOf(object).(map[string]any)
	return copied
}

func copyOf(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(value))
		for name, item := range value {
			copied[name] = copyOf(item)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i, item := range value {
			copied[i] = copyOf(item)
		}
		return copied
	default:
		return value
	}
}

// merge is what a PATCH does.
func merge(into, from map[string]any) {
	for name, value := range from {
		inner, isObject := value.(map[string]any)
		outer, wasObject := into[name].(map[string]any)
		switch {
		case isObject && wasObject:
			merge(outer, inner)
		case value == nil:
			delete(into, name)
		default:
			into[name] = value
		}
	}
}

// Put seeds a resource as if it had stood there for long; body is anything that marshals to an object, with the read-only
// properties that a reader needs. What lies above it is made, too.
func (f *Fake) Put(id string, body any) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.seed(id, body)
}

func (f *Fake) seed(id string, body any) *resource {
	at, ok := parse(id)
	if !ok || at.name == "" {
		panic("not the id of a resource: " + id)
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	read := map[string]any{}
	if err := json.Unmarshal(encoded, &read); err != nil {
		panic(err)
	}
	if at.parent != "" && f.resources[at.parent] == nil && !implicit(at.parent) {
		f.seed(at.id[:len(at.parent)], map[string]any{})
	}
	found := &resource{target: at, body: read, created: f.options.Now(), seeded: true}
	f.serial++
	found.etag = f.serial
	f.resources[at.key] = found
	f.filled(found)
	return found
}

// Remove takes a resource and all below it away, as somebody else would.
func (f *Fake) Remove(id string) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.remove(strings.ToLower(id))
}

func (f *Fake) remove(key string) {
	for found := range f.resources {
		if within(found, key) {
			delete(f.resources, found)
		}
	}
}

// Edit changes a resource by hand, as somebody else would; false where there is none.
func (f *Fake) Edit(id string, change func(body map[string]any)) bool {
	f.lock.Lock()
	defer f.lock.Unlock()
	found := f.resources[strings.ToLower(id)]
	if found == nil {
		return false
	}
	change(found.body)
	f.touch(found)
	return true
}

// Get is a resource as the API tells it, nil where there is none.
func (f *Fake) Get(id string) map[string]any {
	f.lock.Lock()
	defer f.lock.Unlock()
	if found := f.resources[strings.ToLower(id)]; found != nil {
		return found.shown()
	}
	return nil
}

func (f *Fake) touch(found *resource) {
	f.serial++
	found.etag = f.serial
	f.filled(found)
}

// Inventory is everything that was made through the API and is still there, by lower-cased id: what was sent, without
// what the service adds. Two runs that did the same have the same.
func (f *Fake) Inventory() map[string]any {
	f.lock.Lock()
	defer f.lock.Unlock()
	inventory := map[string]any{}
	for key, found := range f.resources {
		if !found.seeded {
			inventory[key] = copyOf(found.body)
		}
	}
	return inventory
}

// Ids are the lower-cased ids of all resources of a type.
func (f *Fake) Ids(kind string) []string {
	f.lock.Lock()
	defer f.lock.Unlock()
	of := maps.Clone(f.resources)
	for key, found := range f.resources {
		if found.kind != strings.ToLower(kind) {
			delete(of, key)
		}
	}
	return sortedKeys(of)
}

// implicit are parents that are always there where their own parent is.
func implicit(key string) bool {
	return strings.HasSuffix(key, "/blobservices/default")
}
