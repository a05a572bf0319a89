// SPDX-License-Identifier: MIT

package main

// smaller gives copies of a tree with one thing less each: a field, an element, half of a text.
func smaller(node any) []any {
	switch n := node.(type) {
	case object:
		return smallerObject(n)
	case []any:
		return smallerList(n)
	case string:
		if r := []rune(n); len(r) > 1 {
			return []any{string(r[:len(r)/2]), string(r[len(r)/2:]), string(r[1:]), string(r[:len(r)-1])}
		}
	}
	return nil
}

func smallerObject(o object) []any {
	var out []any
	for k, v := range o {
		if k != "apiVersion" && k != "kind" {
			without := copied(o)
			delete(without, k)
			out = append(out, without)
		}
		for _, less := range smaller(v) {
			if k == "apiVersion" || k == "kind" {
				continue
			}
			with := copied(o)
			with[k] = less
			out = append(out, with)
		}
	}
	return out
}

func smallerList(list []any) []any {
	var out []any
	for i, v := range list {
		out = append(out, append(append([]any{}, list[:i]...), list[i+1:]...))
		for _, less := range smaller(v) {
			with := append([]any{}, list...)
			with[i] = less
			out = append(out, with)
		}
	}
	return out
}

func copied(o object) object {
	c := object{}
	for k, v := range o {
		c[k] = v
	}
	return c
}

// shrink makes a difference smaller as long as it stays one. `differ` tells of each candidate.
func shrink(start object, differ func([]object) []bool) object {
	for {
		var candidates []object
		for _, c := range smaller(start) {
			candidates = append(candidates, c.(object))
		}
		found := false
		for i, still := range differ(candidates) {
			if still {
				start, found = candidates[i], true
				break
			}
		}
		if !found {
			return start
		}
	}
}
