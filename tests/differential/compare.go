// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"slices"
	"strings"
)

// difference says where two answers differ; "" if they agree.
func difference(want, got answer) string {
	if (want.Undecoded != "") != (got.Undecoded != "") {
		return fmt.Sprintf("decoding: %q, ours %q", want.Undecoded, got.Undecoded)
	}
	if want.Undecoded != "" {
		return ""
	}
	for _, part := range []struct {
		name      string
		want, got []string
	}{{"strict", want.Strict, got.Strict}, {"errors", want.Errors, got.Errors}, {"warnings", want.Warnings, got.Warnings}} {
		if !slices.Equal(part.want, part.got) {
			return part.name + ":" + listDifference(part.want, part.got)
		}
	}
	if want.Valid != got.Valid {
		return fmt.Sprintf("valid: %v, ours %v", want.Valid, got.Valid)
	}
	if want.YAML != "" && want.YAML != got.YAML {
		return "yaml:" + listDifference(strings.Split(want.YAML, "\n"), strings.Split(got.YAML, "\n"))
	}
	return ""
}

func listDifference(want, got []string) string {
	var out strings.Builder
	for _, text := range want {
		if !slices.Contains(got, text) {
			out.WriteString("\n  - " + text)
		}
	}
	for _, text := range got {
		if !slices.Contains(want, text) {
			out.WriteString("\n  + " + text)
		}
	}
	if out.Len() == 0 {
		return fmt.Sprintf(" order\n  - %s\n  + %s", strings.Join(want, "\n    "), strings.Join(got, "\n    "))
	}
	return out.String()
}
