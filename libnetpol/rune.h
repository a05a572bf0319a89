/* SPDX-License-Identifier: MIT */
/* rune owns which characters are letters and which are decimal digits. It knows no language. */
#ifndef NP_RUNE_H
#define NP_RUNE_H

#include "str.h"

/* Unicode's general categories L (letter) and Nd (decimal digit). */
bool np_rune_is_letter(uint32_t rune);
bool np_rune_is_digit(uint32_t rune);

#endif
