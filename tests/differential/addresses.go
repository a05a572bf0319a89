// SPDX-License-Identifier: MIT

package main

import (
	"strconv"
	"strings"
)

func (d documents) v4() string {
	parts := make([]string, 4)
	for i := range parts {
		parts[i] = strconv.Itoa(pick(d, 0, 0, 10, 127, 128, 192, 255))
	}
	if d.onceIn(12) {
		i := d.Intn(4)
		parts[i] = strings.Repeat("0", d.between(1, 3)) + parts[i]
	}
	if d.onceIn(40) {
		parts[d.Intn(4)] = pick(d, "256", "", "x", "-1", "+1", " 1", "1e1", "0x1")
	}
	return strings.Join(parts, ".")
}

func (d documents) v6() string {
	if d.onceIn(10) {
		return pick(d, "::ffff:", "::FFFF:", "0:0:0:0:0:ffff:", "::", "64:ff9b::", "::fffe:") + d.v4()
	}
	groups := make([]string, 8)
	for i := range groups {
		groups[i] = pick(d, "0", "0", "0", "1", "db8", "2001", "fd00", "FD00", "0db8", "ffff", "0000")
	}
	if d.onceIn(20) {
		groups[d.Intn(8)] = pick(d, "10000", "00001", "g", "", "fffff")
	}
	if !d.onceIn(2) {
		return strings.Join(groups, ":")
	}
	start := d.Intn(8)
	end := d.between(start, 8)
	return strings.Join(groups[:start], ":") + "::" + strings.Join(groups[end:], ":")
}

func (d documents) length(six bool) string {
	if d.onceIn(25) {
		return pick(d, "", "08", "00", "33", "-1", "+8", " 8", "8 ", "129", "8/8", "x", "16777215", "99999999999")
	}
	lengths := []int{0, 8, 12, 16, 24, 31, 32}
	if six {
		lengths = append(lengths, 33, 64, 80, 95, 96, 97, 104, 112, 120, 127, 128, 129)
	}
	return strconv.Itoa(pick(d, lengths...))
}

// cidr is an address block, more or less.
func (d documents) cidr() string {
	six := d.onceIn(3)
	address := d.v4()
	if six {
		address = d.v6()
	}
	text := address + "/" + d.length(six)
	if d.onceIn(40) {
		return pick(d, address, "", "abc", text+"%eth0", "fe80::1%eth0/64", " "+text, "/"+text, "/", d.text())
	}
	return text
}
