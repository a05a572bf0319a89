// SPDX-License-Identifier: MIT

package main

// pair is an object and the one that replaces it. They have much in common, faults too.
func (d documents) pair() (old, now object) {
	old = d.policy()
	now = d.changed(old, d.policy(), "metadata", d.metadataChange)
	now = d.changed(now, d.policy(), "spec", d.specChange)
	return old, now
}

// changed is a copy in which one part is replaced by a mixture of itself and the fresh one's.
func (d documents) changed(base, fresh object, part string, change func(a, b object) object) object {
	o := object{}
	for k, v := range base {
		o[k] = v
	}
	a, _ := base[part].(object)
	b, _ := fresh[part].(object)
	if a == nil || b == nil || d.onceIn(3) {
		return o
	}
	o[part] = change(a, b)
	return o
}

func (d documents) mixture(a, b object, oneIn int) object {
	o := object{}
	for k, v := range a {
		o[k] = v
	}
	for k, v := range b {
		if d.onceIn(oneIn) {
			o[k] = v
		}
	}
	return o
}

func (d documents) metadataChange(a, b object) object {
	o := d.mixture(a, b, 3)
	if !d.onceIn(10) {
		o["name"] = a["name"]
	}
	if d.onceIn(10) {
		delete(o, pick(d, "name", "namespace", "finalizers", "deletionTimestamp", "deletionGracePeriodSeconds"))
	}
	return o
}

// specChange also carries peers from one direction to the other: blocks that were anywhere in the
// old object are let through.
func (d documents) specChange(a, b object) object {
	o := d.mixture(a, b, 2)
	if rules, ok := a["ingress"].([]any); ok && d.onceIn(3) {
		moved := []any{}
		for _, r := range rules {
			if rule, ok := r.(object); ok {
				moved = append(moved, object{"to": rule["from"], "ports": rule["ports"]})
			}
		}
		o["egress"] = moved
	}
	return o
}
