package monitor

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// differences are the paths at which what is there is not what we send. Fields that we do not send are not ours: the service
// and policies add some. Secrets cannot be compared; a tag changes with them.
func differences(wanted any, live json.RawMessage) []string {
	encoded, err := json.Marshal(wanted)
	if err != nil {
		return []string{err.Error()}
	}
	var want, has any
	if err := json.Unmarshal(encoded, &want); err != nil {
		return []string{err.Error()}
	}
	if err := json.Unmarshal(live, &has); err != nil {
		return []string{"not readable: " + err.Error()}
	}
	return compare(want, has, "")
}

func compare(want, has any, at string) []string {
	switch want := want.(type) {
	case map[string]any:
		object, _ := has.(map[string]any)
		var found []string
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if !slices.Contains(secretKeys, name) {
				found = append(found, compare(want[name], object[name], strings.TrimPrefix(at+"."+name, "."))...)
			}
		}
		return found
	case []any:
		list, _ := has.([]any)
		if len(list) != len(want) {
			return []string{at}
		}
		want, list = inOrder(want), inOrder(list)
		var found []string
		for i := range want {
			found = append(found, compare(want[i], list[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
		return found
	case string:
		text, _ := has.(string)
		// ids and locations compare without case
		if text == want || strings.EqualFold(text, want) && (strings.HasPrefix(want, "/") || at == "location") {
			return nil
		}
		return []string{at}
	default:
		if want != has {
			return []string{at}
		}
		return nil
	}
}

// inOrder sorts what a service may tell in another order than it was sent: receivers and dimensions by name, ids by text.
func inOrder(list []any) []any {
	key := func(item any) string {
		switch item := item.(type) {
		case string:
			return strings.ToLower(item)
		case map[string]any:
			name, _ := item["name"].(string)
			return name
		}
		return ""
	}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b any) int { return strings.Compare(key(a), key(b)) })
	return sorted
}
