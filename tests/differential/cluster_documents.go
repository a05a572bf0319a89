// SPDX-License-Identifier: MIT

package main

import "strings"

// dialect is what the three cluster-scoped kinds differ in.
type dialect struct {
	apiVersion, kind string
	actions          []string
	most             int // rules, peers and ports of a list
	hasTier          bool
	hasPriority      bool
}

var (
	clusterDialect  = dialect{"policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", []string{"Accept", "Deny", "Pass"}, 25, true, true}
	adminDialect    = dialect{"policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", []string{"Allow", "Deny", "Pass"}, 100, false, true}
	baselineDialect = dialect{"policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", []string{"Allow", "Deny"}, 100, false, false}
)

// listOf makes a list that is sometimes just too long.
func listOf(d documents, most int, make func() any) []any {
	n := pick(d, 0, 1, 1, 1, 2, 2, 3)
	if d.onceIn(60) {
		n = pick(d, most, most+1)
	}
	list := []any{}
	for ; n > 0; n-- {
		list = append(list, make())
	}
	return list
}

func (d documents) namespacedPod() any {
	o := object{}
	d.maybe(o, "namespaceSelector", 2, d.selector)
	if !d.onceIn(12) {
		d.maybe(o, "podSelector", 1, d.selector)
	}
	return o
}

func (d documents) domainName() any {
	labels := []string{}
	for n := d.between(1, 3); n > 0; n-- {
		labels = append(labels, pick(d, "com", "a-b", "x_y", "_a", "-a", "a-", "^x", "a^", "`", "", "é", "A1", d.text()))
	}
	return pick(d, "", "", "*.", "*", "**.", ".") + strings.Join(labels, ".") + pick(d, "", "", ".", "..")
}

func (d documents) network() any {
	if d.onceIn(30) {
		return strings.Repeat(pick(d, "1", "é"), pick(d, 43, 44))
	}
	return pick(d, "10.0.0.0/8", "10.0.0.0/8", "fd00::/8", d.cidr())
}

// clusterPeer never sets a field of the experimental channel to null: a null leaves no trace in an
// object, but to the standard channel it is an unknown field.
func (d documents) clusterPeer(egress bool) any {
	o := object{}
	kinds := []string{"namespaces", "pods"}
	if egress {
		kinds = []string{"namespaces", "pods", "networks", "nodes", "domainNames"}
	}
	for n := pick(d, 0, 1, 1, 1, 1, 1, 1, 2); n > 0; n-- {
		kind := pick(d, kinds...)
		switch kind {
		case "pods":
			d.maybe(o, kind, 1, d.namespacedPod)
		case "networks":
			d.maybe(o, kind, 1, func() any { return listOf(d, 25, d.network) })
		case "domainNames":
			o[kind] = listOf(d, 25, d.domainName)
		case "nodes":
			o[kind] = d.selector()
		default:
			d.maybe(o, kind, 1, d.selector)
		}
	}
	if d.onceIn(80) {
		o["sameLabels"] = []any{"x"}
	}
	return o
}

func (d documents) rangeOfPorts() any {
	o := object{}
	if !d.onceIn(15) {
		d.maybe(o, "start", 1, func() any { return d.portNumber() })
	}
	if !d.onceIn(15) {
		d.maybe(o, "end", 1, func() any { return d.portNumber() })
	}
	return o
}

func (d documents) transport() any {
	port := object{}
	d.maybe(port, "number", 2, func() any { return d.portNumber() })
	d.maybe(port, "range", 2, d.rangeOfPorts)
	o := object{}
	if !d.onceIn(12) {
		d.maybe(o, "destinationPort", 1, func() any { return port })
	}
	return o
}

func (d documents) protocolOf2() any {
	o := object{}
	for n := pick(d, 0, 1, 1, 1, 1, 1, 2); n > 0; n-- {
		name := pick(d, "tcp", "udp", "sctp", "destinationNamedPort")
		if name == "destinationNamedPort" {
			d.maybe(o, name, 1, func() any { return pick(d, "web", "", d.text()) })
		} else {
			d.maybe(o, name, 1, d.transport)
		}
	}
	return o
}

func (d documents) portOf1() any {
	o := object{}
	for n := pick(d, 0, 1, 1, 1, 1, 1, 2); n > 0; n-- {
		switch name := pick(d, "portNumber", "namedPort", "portRange"); name {
		case "namedPort":
			o[name] = pick(d, "web", "", d.text())
		case "portNumber":
			p := object{}
			d.maybe(p, "protocol", 2, func() any { return pick(d, "TCP", "UDP", "tcp", "") })
			d.maybe(p, "port", 1, func() any { return d.portNumber() })
			o[name] = p
		default:
			p := d.rangeOfPorts().(object)
			d.maybe(p, "protocol", 2, func() any { return pick(d, "TCP", "UDP", "tcp", "") })
			o[name] = p
		}
	}
	return o
}

func (d documents) clusterRule(k dialect, egress bool) any {
	o := object{}
	d.maybe(o, "name", 3, func() any {
		return pick(d, "", "r", strings.Repeat("x", 100), strings.Repeat("é", 100), strings.Repeat("é", 101))
	})
	if !d.onceIn(25) {
		d.maybe(o, "action", 1, func() any {
			return pick(d, append(k.actions, k.actions[0], k.actions[1], "Accept", "Allow", "deny", "", d.text())...)
		})
	}
	if !d.onceIn(25) {
		name := "from"
		if egress {
			name = "to"
		}
		d.maybe(o, name, 1, func() any { return listOf(d, k.most, func() any { return d.clusterPeer(egress) }) })
	}
	if k.hasTier {
		d.maybe(o, "protocols", 3, func() any { return listOf(d, k.most, d.protocolOf2) })
	} else {
		d.maybe(o, "ports", 3, func() any { return listOf(d, k.most, d.portOf1) })
	}
	return o
}

func (d documents) subject() any {
	o := object{}
	for n := pick(d, 0, 1, 1, 1, 1, 1, 1, 2); n > 0; n-- {
		if d.onceIn(2) {
			d.maybe(o, "namespaces", 1, d.selector)
		} else {
			d.maybe(o, "pods", 1, d.namespacedPod)
		}
	}
	return o
}

func (d documents) clusterSpec(k dialect) any {
	o := object{}
	if k.hasTier && !d.onceIn(15) {
		d.maybe(o, "tier", 1, func() any { return pick(d, "Admin", "Baseline", "Admin", "Baseline", "admin", "", d.text()) })
	}
	if k.hasPriority && !d.onceIn(15) {
		d.maybe(o, "priority", 1, func() any { return pick(d, 0, 5, 1000, 1000, -1, 1001, 2147483647) })
	}
	if !d.onceIn(15) {
		d.maybe(o, "subject", 1, d.subject)
	}
	d.maybe(o, "ingress", 2, func() any { return listOf(d, k.most, func() any { return d.clusterRule(k, false) }) })
	d.maybe(o, "egress", 2, func() any { return listOf(d, k.most, func() any { return d.clusterRule(k, true) }) })
	if d.onceIn(60) {
		o["foo"] = 1
	}
	return o
}

// clusterPolicy is of one of the cluster-scoped kinds. Metadata is checked by the same code as that of
// a NetworkPolicy, so it is mostly plain here.
func (d documents) clusterPolicy(k dialect) object {
	o := object{"apiVersion": k.apiVersion, "kind": k.kind, "metadata": object{"name": pick(d, "default", "default", "a", "B_d")}}
	if d.onceIn(8) {
		m := d.metadata().(object)
		delete(m, "clusterName") // where it is reported depends on the oracle's order
		o["metadata"] = m
	}
	if !d.onceIn(40) {
		o["spec"] = d.clusterSpec(k)
	}
	return o
}
