// SPDX-License-Identifier: MIT

// Command print_table writes libnetpol/str_print.c: the characters that Go's %q shows as they are.
//
//	go run tools/unicode/print_table.go >libnetpol/str_print.c
//
// Run it with the Go version that the Kubernetes release in question is built with.
package main

import (
	"fmt"
	"strconv"
	"unicode"
)

const head = `/* SPDX-License-Identifier: MIT */
/* Written by tools/unicode/print_table.go: Unicode %s. */
#include "str.h"

typedef struct range {
    uint32_t first;
    uint32_t last;
} range;

/* Letters, marks, numbers, punctuation, symbols and the ASCII blank. */
static const range printable[] = {
`

const tail = `};

bool np_rune_prints(uint32_t rune)
{
    size_t low = 0;
    size_t high = sizeof printable / sizeof *printable;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rune > printable[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof printable / sizeof *printable && rune >= printable[low].first;
}
`

func main() {
	fmt.Printf(head, unicode.Version)
	column := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !strconv.IsPrint(r) {
			continue
		}
		first := r
		for strconv.IsPrint(r + 1) {
			r++
		}
		text := fmt.Sprintf("{%#x, %#x},", first, r)
		if column == 0 {
			fmt.Print("    ")
		}
		if column += 20; column < 80 {
			fmt.Printf("%-20s", text)
			continue
		}
		fmt.Println(text)
		column = 0
	}
	if column > 0 {
		fmt.Println()
	}
	fmt.Print(tail)
}
