/* SPDX-License-Identifier: MIT */
/* selector owns label sets and what selects them, and kubectl's text form of selectors. It knows no
 * policy. Matching itself is the public netpol_label_selector_matches. */
#ifndef NP_SELECTOR_H
#define NP_SELECTOR_H

#include "diag.h"

#include "netpol/selector.h"

/* The value of a key, or NULL. `labels` sorted by key bytes (as in library-made trees). */
const char *np_label_value(const netpol_label *labels, size_t n, const char *key);

/* As netpol_label_selector_matches, for sorted labels: O(requirements x log labels). */
bool np_selector_matches_sorted(const netpol_label_selector *s, const netpol_label *labels, size_t n);

/* Whether any requirement names this key. */
bool np_selector_names_key(const netpol_label_selector *s, const char *key);

#endif
