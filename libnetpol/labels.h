/* SPDX-License-Identifier: MIT */
/* labels owns the API's rules for names, label keys, label values and port names, with Kubernetes'
 * own texts. It knows no object. */
#ifndef NP_LABELS_H
#define NP_LABELS_H

#include "str.h"

/* One broken rule. */
typedef struct np_fault {
    int32_t code;     /* NP_CODE_… */
    const char *text; /* Kubernetes' text, static */
} np_fault;

/* All rules that one text breaks, in Kubernetes' order; n 0: the text is good. */
typedef struct np_faults {
    np_fault at[5];
    size_t n;
} np_faults;

/* RFC 1123: dotted lower-case labels, at most 253 bytes. Names of objects. */
np_faults np_subdomain_faults(np_slice text);
/* RFC 1123: one lower-case label, at most 63 bytes. Names of namespaces. */
np_faults np_dns_label_faults(np_slice text);
/* [prefix/]name: keys of labels, and finalizers. */
np_faults np_label_key_faults(np_slice text);
np_faults np_label_value_faults(np_slice text);
/* Go's strings.ToLower as far as the rules of keys can tell: keys of annotations are lowered first.
 */
void np_key_lower(np_buffer *out, np_slice key);
/* IANA service names: named ports. */
np_faults np_port_name_faults(np_slice text);

#endif
