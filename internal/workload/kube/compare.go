package kube

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	jsonutil "k8s.io/apimachinery/pkg/util/json"
)

// keys tell the items of a list apart, by the list's name, those of them that an item has; items of other lists are told apart by their place.
var keys = map[string][]string{
	"containers": {"name"}, "initContainers": {"name"}, "env": {"name"}, "volumes": {"name"}, "volumeMounts": {"mountPath"},
	"ports": {"containerPort", "port", "protocol"}, "imagePullSecrets": {"name"}, "topologySpreadConstraints": {"topologyKey"},
}

// edits lists the fields that were sent (an Object's record) and are not so in the live object. What the server or others
// have added is none of ours.
func edits(record string, live object) []string {
	if record == "" {
		return []string{"metadata.annotations." + annotationFields}
	}
	var sent map[string]any
	if err := jsonutil.Unmarshal([]byte(record), &sent); err != nil {
		return []string{"metadata.annotations." + annotationFields}
	}
	return differences("", "", sent, map[string]any(live))
}

// differences compares what was sent with what lives; name is the last part of the path.
func differences(path, name string, sent, live any) []string {
	switch sent := sent.(type) {
	case map[string]any:
		live, ok := live.(map[string]any)
		if !ok {
			return []string{path}
		}
		var found []string
		for _, key := range slices.Sorted(maps.Keys(sent)) {
			below := key
			if path != "" {
				below = path + "." + key
			}
			value, there := live[key]
			if !there && sent[key] == "" {
				continue // the server leaves out what is empty
			}
			if !there {
				found = append(found, below)
				continue
			}
			found = append(found, differences(below, key, sent[key], value)...)
		}
		return found
	case []any:
		live, ok := live.([]any)
		if !ok || keys[name] == nil && len(live) != len(sent) {
			return []string{path}
		}
		var found []string
		for i, item := range sent {
			at, partner := partnerOf(keys[name], i, item, live)
			found = append(found, differences(path+at, "", item, partner)...)
		}
		return found
	default:
		if !reflect.DeepEqual(sent, live) {
			return []string{path}
		}
		return nil
	}
}

// partnerOf finds the live item that an item has become, and how it is called in a path.
func partnerOf(keys []string, place int, item any, live []any) (at string, partner any) {
	fields, _ := item.(map[string]any)
	for _, key := range keys {
		if value, ok := fields[key]; ok {
			at = fmt.Sprintf("[%v]", value)
			break
		}
	}
	if at == "" {
		if place < len(live) {
			partner = live[place]
		}
		return fmt.Sprintf("[%d]", place), partner
	}
	same := func(candidate any) bool {
		other, ok := candidate.(map[string]any)
		return ok && !slices.ContainsFunc(keys, func(key string) bool {
			value, given := fields[key]
			return given && !reflect.DeepEqual(other[key], value)
		})
	}
	if found := slices.IndexFunc(live, same); found >= 0 {
		partner = live[found]
	}
	return at, partner
}
