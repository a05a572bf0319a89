/* SPDX-License-Identifier: MIT */
/* documents owns lists of manifests and what became of their documents, as lines. */
#ifndef NP_DOCUMENTS_H
#define NP_DOCUMENTS_H

#include "netpol/manifests.h"

#include "harness.h"

#define POLICY(name)                                                                               \
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " name "}\n"

netpol_manifests *test_empty_list(netpol_options o);
/* With the source "t". */
netpol_status test_list_read(netpol_manifests *m, const char *text);
/* One line a document: source:document.item line state apiVersion/kind namespace/name diagnostics.
 */
void test_expect_documents(const char *why, const netpol_manifests *m, const char *lines);

#endif
