/* SPDX-License-Identifier: MIT */
/* findings owns manifests that were read from a text, and what was found in them, as lines. */
#ifndef NP_FINDINGS_H
#define NP_FINDINGS_H

#include "netpol/manifests.h"

#include "harness.h"

#define POLICY "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"

netpol_manifests *test_read_with(const char *name, const char *text, uint32_t flags);
/* Each line: code, path, line:column, message, hint. */
void test_expect_findings(const char *why, const char *text, uint32_t flags, const char *findings);

#endif
