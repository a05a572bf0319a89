/* SPDX-License-Identifier: MIT */
/** @file selector.h  Label selectors and address blocks on their own. */
#ifndef NETPOL_SELECTOR_H
#define NETPOL_SELECTOR_H

#include "diagnostics.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Says whether a selector selects an object with these labels.
 *
 * In: the key is there and its value is listed. NotIn: the key is absent, or its value is not
 * listed. Exists, DoesNotExist: presence. Everything must hold; an empty selector selects all.
 * Comparison is by bytes. An operator that the API does not know selects nothing.
 *
 * @param selector  NULL selects nothing, as a nil selector does in Kubernetes' conversion.
 * @param labels    In any order; of equal keys the last counts. May be NULL when n is 0.
 * Threads: any.  Cost: O(requirements x labels), allocates nothing.
 * Source: metav1.LabelSelector.  Since: 0.1
 */
NETPOL_API bool netpol_label_selector_matches(const netpol_label_selector *selector,
                                              const netpol_label *labels, size_t n);

/**
 * Writes a selector in kubectl's text form: "app=web,!legacy,tier in (a,b)". Requirements are
 * sorted by key and values by bytes, so equal selectors mostly give equal text; the empty selector
 * gives "". netpol_selector_parse reads the text back as the same selector.
 *
 * @return NETPOL_OK; NETPOL_INVALID for a selector that the API would refuse (nothing is written);
 *         NETPOL_NO_MEMORY, NETPOL_MISUSE; what the sink returned.
 * Threads: any.  Source: metav1.LabelSelectorAsSelector, labels.Selector.String.  Since: 0.1
 */
NETPOL_API netpol_status netpol_label_selector_format(const netpol_label_selector *selector,
                                                      const netpol_sink *to);

/** A selector made from text. Immutable; any number of threads. */
typedef struct netpol_selector netpol_selector;

/**
 * Reads kubectl's text form: `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`, `!k`,
 * separated by commas, with blanks anywhere between words. `k=v` becomes matchLabels, the others
 * matchExpressions (also `k=w` after `k=v`: it selects nothing, as in kubectl). A missing value is
 * the empty one: `k=`, `k in ()`, `k in (a,)`. Keys and values follow the API's label rules. `>`
 * and `<` exist in kubectl but not in policies: an error.
 *
 * @param text  Copied. "" selects everything.
 * @param out   Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_INVALID with the column in diags; NETPOL_NO_MEMORY, NETPOL_MISUSE.
 * Threads: any.  Source: k8s.io/apimachinery/pkg/labels Parse.  Since: 0.1
 */
NETPOL_API netpol_status netpol_selector_parse(const char *text, const netpol_options *options,
                                               netpol_selector **out, netpol_diagnostics *diags);
/** Gives a selector back. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_selector_free(netpol_selector *selector);
/** The selector as the API's struct. Borrowed, never NULL for a non-NULL selector. Since: 0.1 */
NETPOL_API const netpol_label_selector *netpol_selector_tree(const netpol_selector *selector);

/**
 * Says whether an address lies in a block and in none of its exceptions.
 *
 * @param block    Borrowed for the call. Read tolerantly: host bits are masked.
 * @param address  IPv4 or IPv6 text, without port, zone or length; ::ffff:a.b.c.d is a.b.c.d.
 * @param inside   Set on NETPOL_OK only. An address of the other family is outside.
 * @return NETPOL_OK; NETPOL_INVALID if the address, the cidr or an exception does not parse;
 *         NETPOL_MISUSE.
 * Threads: any.  Cost: O(n_exceptions), allocates only for diags.
 * Source: networking.k8s.io/v1 IPBlock.  Since: 0.1
 */
NETPOL_API netpol_status netpol_ip_block_contains(const netpol_ip_block *block,
                                                  const char *address, bool *inside,
                                                  netpol_diagnostics *diags);

#ifdef __cplusplus
}
#endif
#endif
