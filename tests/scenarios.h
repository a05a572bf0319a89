/* SPDX-License-Identifier: MIT */
/* scenarios owns what tests of scenarios share: a small cluster, and reading and running a text. */
#ifndef NP_SCENARIOS_H
#define NP_SCENARIOS_H

#include <netpol.h>

#include "harness.h"

#define HEAD "apiVersion: netpol/v1\nkind: Scenario\n"

/* Pods of three namespaces: shop keeps itself to itself, open is open, half is isolated for what
 * comes in alone. */
extern const char test_scenario_cluster[];

/* Freed by the caller. */
char *test_joined(const char *a, const char *b);
netpol_status test_scenario_read(const char *text, netpol_scenario **out, netpol_diagnostics *d);
/* Runs everything of a scenario's text with the cluster above behind it. */
netpol_scenario_report *test_scenario_run(const char *text, int32_t machinery);

#endif
