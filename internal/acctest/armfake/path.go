package armfake

import (
	"maps"
	"slices"
	"strings"
)

// target is what a path names: a resource, a collection of them, or an action on one.
type target struct {
	id     string // as written
	key    string // lower-cased
	scope  string // what stands before the last /providers/, lower-cased
	kind   string // "microsoft.storage/storageaccounts", lower-cased
	name   string // as written, "" for a collection
	parent string // key of the resource this one is a child of, "" for none
	// shown is the type as it was written.
	shown string
}

// parse reads a path. Ids compare without case.
func parse(path string) (target, bool) {
	path = "/" + strings.Trim(path, "/")
	t := target{id: path, key: strings.ToLower(path)}
	at := strings.LastIndex(t.key, "/providers/")
	if at < 0 {
		parts := strings.Split(t.key[1:], "/")
		shown := strings.Split(path[1:], "/")
		switch {
		case parts[0] != "subscriptions" || len(parts) > 4 || len(parts) > 2 && parts[2] != "resourcegroups":
			return t, false
		case len(parts) <= 2:
			t.kind, t.shown = "microsoft.resources/subscriptions", "Microsoft.Resources/subscriptions"
		default:
			t.kind, t.shown = "microsoft.resources/resourcegroups", "Microsoft.Resources/resourceGroups"
			t.scope = "/" + strings.Join(parts[:2], "/")
			t.parent = t.scope
		}
		if len(parts)%2 == 0 {
			t.name = shown[len(shown)-1]
		}
		return t, true
	}
	t.scope = t.key[:at]
	parts := strings.Split(path[at+len("/providers/"):], "/")
	if len(parts) < 2 {
		return t, false
	}
	kind := []string{parts[0]}
	for i := 1; i < len(parts); i += 2 {
		kind = append(kind, parts[i])
	}
	t.shown = strings.Join(kind, "/")
	t.kind = strings.ToLower(t.shown)
	if len(parts)%2 == 1 {
		t.name = parts[len(parts)-1]
	}
	switch keep := len(parts) - len(parts)%2 - 1; {
	case len(parts) > 3 && len(parts)%2 == 1:
		t.parent = t.scope + "/providers/" + strings.ToLower(strings.Join(parts[:len(parts)-2], "/"))
	case len(parts) > 3:
		t.parent = t.scope + "/providers/" + strings.ToLower(strings.Join(parts[:keep], "/"))
	default:
		t.parent = t.scope
	}
	return t, true
}

// group is the key of the resource group a key lies in, "" for none.
func group(key string) string {
	parts := strings.Split(key, "/")
	if len(parts) < 5 || parts[3] != "resourcegroups" {
		return ""
	}
	return strings.Join(parts[:5], "/")
}

// within says whether a key is a scope, or lies in it.
func within(key, scope string) bool {
	return key == scope || strings.HasPrefix(key, strings.TrimSuffix(scope, "/")+"/")
}

func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
