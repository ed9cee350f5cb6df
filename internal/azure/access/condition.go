package access

import (
	"fmt"
	"strings"
)

// Conditions are in Azure's attribute language: (none of these actions) OR (a path that is allowed). What is not named by an
// action is not bounded, so every action that changes a blob is named.

const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"

// changes are the data actions of BlobContributor that change what is there.
var changes = []string{blobs + "/write", blobs + "/add/action", blobs + "/delete", blobs + "/move/action"}

// writesBelow lets a principal change blobs below these prefixes alone; reading is not bounded.
func writesBelow(prefixes ...string) string {
	return bounded(changes, prefixes)
}

// creates are changes that bring something into being. Deleting is retention's, which removes by age.
func createsBelow(prefixes ...string) string {
	return bounded([]string{blobs + "/write", blobs + "/add/action", blobs + "/move/action"}, prefixes)
}

func bounded(actions, prefixes []string) string {
	var none, paths []string
	for _, action := range actions {
		none = append(none, fmt.Sprintf("!(ActionMatches{'%s'})", action))
	}
	for _, prefix := range prefixes {
		paths = append(paths, fmt.Sprintf("@Resource[%s:path] StringStartsWith '%s'", blobs, prefix))
	}
	return "((" + strings.Join(none, " AND ") + ") OR (" + strings.Join(paths, " OR ") + "))"
}
