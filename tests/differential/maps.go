// SPDX-License-Identifier: MIT

package main

import "fmt"

// findMaps collects the matchLabels of a tree by their field paths.
func findMaps(path string, node any, into map[string]map[string]string) {
	switch n := node.(type) {
	case object:
		for name, value := range n {
			at := name
			if path != "" {
				at = path + "." + name
			}
			if entries, ok := value.(object); ok && name == "matchLabels" {
				into[at] = texts(entries)
			} else {
				findMaps(at, value, into)
			}
		}
	case []any:
		for i, value := range n {
			findMaps(fmt.Sprintf("%s[%d]", path, i), value, into)
		}
	}
}

func texts(entries object) map[string]string {
	out := map[string]string{}
	for k, v := range entries {
		out[k], _ = v.(string)
	}
	return out
}
