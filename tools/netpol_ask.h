/* SPDX-License-Identifier: MIT */
/* ask owns one question of the command line: eval and explain ask it, and write the answer each in
 * its way. It knows no files. */
#ifndef NETPOL_ASK_H
#define NETPOL_ASK_H

#include "netpol_input.h"

/* netpol_answer_write or netpol_answer_explain; the latter tells of all presets. */
typedef netpol_status (*answer_writer)(const netpol_answer *answer, int32_t format,
                                       const netpol_sink *to);

/* Asks what --from, --to and the others say. TOOL_YES, TOOL_NO, or another code, said already. */
int ask_one(const args *a, output *out, input *in, const netpol_engine *engine,
            answer_writer write);

/* Whether the words of one question can go together; says what is wrong. */
int ask_check(const args *a);

#endif
