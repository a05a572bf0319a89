// SPDX-License-Identifier: MIT

package main

import (
	"math/rand"
	"strings"
)

// object is a document, or a part of one, as JSON sees it.
type object = map[string]any

const letters = "abcz019"

// odd has what names and labels do not allow, and what messages must quote.
var odd = []string{"-", "_", ".", "/", " ", "A", "Z", "é", "K", "İ", "ß", "Ⱥ", "<", ">", "&", `"`, `\`, "'", "\n", "\t",
	"\a", "\x7f", "\u0085", "\u2028", "\ufeff", "\u00ad", "\U0001f600", "\U000e0001", "%", "~", "="}

// documents makes random documents of the right types, most of them broken in a few places. Equal
// seeds give equal documents.
type documents struct {
	*rand.Rand
}

func newDocuments(seed int64) documents {
	return documents{rand.New(rand.NewSource(seed))}
}

func (d documents) onceIn(n int) bool {
	return d.Intn(n) == 0
}

func pick[T any](d documents, from ...T) T {
	return from[d.Intn(len(from))]
}

func (d documents) between(least, most int) int {
	return least + d.Intn(most-least+1)
}

// some makes a short list, often empty.
func some[T any](d documents, make func() T, most int) []any {
	list := []any{}
	for n := pick(d, 0, 1, 1, 2, most); n > 0; n-- {
		list = append(list, make())
	}
	return list
}

// maybe sets a field once in n times, now and then to null.
func (d documents) maybe(o object, name string, n int, make func() any) {
	if !d.onceIn(n) {
		return
	}
	if o[name] = make(); d.onceIn(25) {
		o[name] = nil
	}
}

// text is mostly good for a label, sometimes not, sometimes far too long.
func (d documents) text() string {
	return d.textUpTo(6)
}

func (d documents) textUpTo(longest int) string {
	if d.onceIn(40) {
		return strings.Repeat(pick(d, "a", "b.", "c-"), pick(d, 14, 15, 16, 31, 32, 62, 63, 64, 127, 253, 254))
	}
	if d.onceIn(30) {
		return ""
	}
	parts := make([]string, d.between(1, longest))
	for i := range parts {
		parts[i] = string(letters[d.Intn(len(letters))])
	}
	for n := pick(d, 0, 0, 0, 0, 1, 2); n > 0; n-- {
		parts[d.Intn(len(parts))] = pick(d, odd...)
	}
	return strings.Join(parts, "")
}

func (d documents) key() string {
	switch {
	case d.onceIn(4):
		return d.text() + "/" + d.text()
	case d.onceIn(30):
		return d.text() + "/" + d.text() + "/" + d.text()
	default:
		return d.text()
	}
}

func (d documents) labels() any {
	o := object{}
	for n := d.Intn(4); n > 0; n-- {
		o[d.key()] = d.text()
	}
	return o
}

// ---- metadata ----

func (d documents) owner() any {
	o := object{}
	d.maybe(o, "apiVersion", 1, func() any { return pick(d, "v1", "apps/v1", "/v1", "a/", "/", "a/b/c", "", d.text()) })
	d.maybe(o, "kind", 1, func() any { return pick(d, "Deployment", "Event", "", d.text()) })
	d.maybe(o, "name", 1, func() any { return pick(d, "n", "", d.text()) })
	d.maybe(o, "uid", 1, func() any { return pick(d, "u", "", d.text()) })
	d.maybe(o, "controller", 2, func() any { return pick(d, true, true, false) })
	d.maybe(o, "blockOwnerDeletion", 4, func() any { return pick(d, true, false) })
	return o
}

func (d documents) managedFields() any {
	o := object{}
	d.maybe(o, "operation", 1, func() any { return pick(d, "Apply", "Update", "Update", "apply", "", d.text()) })
	d.maybe(o, "fieldsType", 2, func() any { return pick(d, "FieldsV1", "FieldsV1", "fieldsV1", "") })
	d.maybe(o, "manager", 2, func() any { return pick(d, "kubectl", d.text(), strings.Repeat("m", 128), strings.Repeat("m", 129)) })
	d.maybe(o, "subresource", 4, func() any { return pick(d, "status", strings.Repeat("s", 256), strings.Repeat("s", 257)) })
	d.maybe(o, "apiVersion", 2, func() any { return "networking.k8s.io/v1" })
	d.maybe(o, "time", 4, func() any { return "2024-01-02T03:04:05Z" })
	return o
}

func (d documents) finalizer() any {
	return pick(d, "orphan", "foregroundDeletion", "kubernetes", "a.io/b", d.key(), d.key())
}

func (d documents) annotations() any {
	o := d.labels().(object)
	if d.onceIn(200) {
		left := 262144 - 3 + d.between(-3, 3)
		for k, v := range o {
			left -= len(k) + len(v.(string))
		}
		o["big"] = strings.Repeat("x", left)
	}
	return o
}

func (d documents) metadata() any {
	o := object{}
	if !d.onceIn(12) {
		d.maybe(o, "name", 1, func() any {
			return pick(d, "p", "p", "web-1.x", d.text(), strings.Repeat("n", 253), strings.Repeat("n", 254))
		})
	}
	d.maybe(o, "generateName", 10, func() any { return pick(d, "web-", "a/-", "a%-", "a/%-", "--", "-", d.text()+"-", d.text()) })
	d.maybe(o, "namespace", 4, func() any { return pick(d, "shop", "a.b", d.text(), strings.Repeat("n", 64), "") })
	d.maybe(o, "labels", 3, d.labels)
	d.maybe(o, "annotations", 4, d.annotations)
	d.maybe(o, "ownerReferences", 12, func() any { return some(d, d.owner, 3) })
	d.maybe(o, "finalizers", 12, func() any { return some(d, d.finalizer, 4) })
	d.maybe(o, "managedFields", 12, func() any { return some(d, d.managedFields, 3) })
	d.maybe(o, "generation", 30, func() any { return pick(d, -1, 0, 7) })
	d.maybe(o, "uid", 30, func() any { return d.text() })
	d.maybe(o, "resourceVersion", 30, func() any { return d.text() })
	d.maybe(o, "selfLink", 60, func() any { return d.text() })
	d.maybe(o, "creationTimestamp", 30, func() any { return "2023-01-02T03:04:05Z" })
	d.maybe(o, "deletionTimestamp", 40, func() any { return "2024-01-02T03:04:05Z" })
	d.maybe(o, "deletionGracePeriodSeconds", 40, func() any { return pick(d, 0, 30) })
	if d.onceIn(60) {
		o["clusterName"] = "x"
	}
	return o
}

// ---- NetworkPolicy ----

func (d documents) requirement() any {
	o := object{}
	d.maybe(o, "key", 1, func() any { return pick(d, "app", "tier", d.key()) })
	d.maybe(o, "operator", 1, func() any { return pick(d, "In", "In", "NotIn", "Exists", "DoesNotExist", "in", "Gt", "", d.text()) })
	d.maybe(o, "values", 2, func() any { return some(d, d.text, 3) })
	return o
}

func (d documents) selector() any {
	o := object{}
	d.maybe(o, "matchLabels", 3, d.labels)
	d.maybe(o, "matchExpressions", 4, func() any { return some(d, d.requirement, 3) })
	return o
}

func (d documents) portNumber() int {
	return pick(d, 1, 80, 443, 8080, 65535, 65536, 0, -1, 2147483647, -2147483648)
}

func (d documents) port() any {
	if d.onceIn(30) {
		return nil
	}
	o := object{}
	d.maybe(o, "protocol", 2, func() any { return pick(d, "TCP", "UDP", "SCTP", "TCP", "tcp", "ICMP", "", d.text()) })
	d.maybe(o, "port", 2, func() any {
		return pick[any](d, d.portNumber(), d.portNumber(), "http", "80", "a--b", "-a", "A", d.textUpTo(16))
	})
	d.maybe(o, "endPort", 4, func() any { return d.portNumber() })
	return o
}

func (d documents) ipBlock() any {
	o := object{}
	if !d.onceIn(15) {
		d.maybe(o, "cidr", 1, func() any {
			if d.onceIn(2) {
				return pick(d, "10.0.0.0/8", "0.0.0.0/0", "::/0", "fd00::/8", "2001:db8::/32", "10.0.0.1/32")
			}
			return d.cidr()
		})
	}
	d.maybe(o, "except", 3, func() any {
		return some(d, func() any { return pick(d, "10.1.0.0/16", "10.0.0.0/9", "fd00:1::/32", d.cidr()) }, 3)
	})
	return o
}

func (d documents) peer() any {
	if d.onceIn(50) {
		return nil
	}
	o := object{}
	kind := d.Intn(8)
	if kind <= 2 || kind == 6 {
		d.maybe(o, "ipBlock", 1, d.ipBlock)
	}
	if kind >= 2 && kind <= 4 {
		d.maybe(o, "podSelector", 1, d.selector)
	}
	if kind == 4 || kind == 5 {
		d.maybe(o, "namespaceSelector", 1, d.selector)
	}
	if d.onceIn(60) {
		o["cidr"] = "10.0.0.0/8"
	}
	return o
}

func (d documents) rule(peers string) any {
	if d.onceIn(40) {
		return nil
	}
	o := object{}
	d.maybe(o, "ports", 2, func() any { return some(d, d.port, 3) })
	d.maybe(o, peers, 2, func() any { return some(d, d.peer, 3) })
	return o
}

func (d documents) policyTypes() any {
	list := []any{}
	for n := pick(d, 0, 1, 2, 2, 3, 4); n > 0; n-- {
		list = append(list, pick(d, "Ingress", "Egress", "Ingress", "Egress", "ingress", "", d.text()))
	}
	return list
}

func (d documents) policySpec() any {
	o := object{}
	d.maybe(o, "podSelector", 1, d.selector)
	d.maybe(o, "ingress", 2, func() any { return some(d, func() any { return d.rule("from") }, 3) })
	d.maybe(o, "egress", 2, func() any { return some(d, func() any { return d.rule("to") }, 3) })
	d.maybe(o, "policyTypes", 3, d.policyTypes)
	return o
}

func (d documents) wildPolicy() object {
	o := object{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
	d.maybe(o, "metadata", 1, d.metadata)
	d.maybe(o, "spec", 1, d.policySpec)
	return o
}

// calmPolicy is valid but for its address blocks.
func (d documents) calmPolicy() object {
	peers := []any{}
	for n := d.between(1, 3); n > 0; n-- {
		peers = append(peers, object{"ipBlock": d.ipBlock()})
	}
	spec := object{"podSelector": object{}}
	if d.onceIn(2) {
		spec["ingress"] = []any{object{"from": peers}}
	} else {
		spec["egress"] = []any{object{"to": peers}}
	}
	return object{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": object{"name": "p"}, "spec": spec}
}

func (d documents) policy() object {
	if d.onceIn(3) {
		return d.calmPolicy()
	}
	return d.wildPolicy()
}
