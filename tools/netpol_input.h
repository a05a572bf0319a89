/* SPDX-License-Identifier: MIT */
/* input owns what is read: manifests from the paths given, and the engine made of them. It knows no
 * question. */
#ifndef NETPOL_INPUT_H
#define NETPOL_INPUT_H

#include "netpol_out.h"

typedef struct input {
    netpol_options options;
    netpol_manifests *manifests;
    netpol_diagnostics
        *diags; /* of the cluster and the questions; reading's are the manifests' own */
    progress progress;
    bool unreadable;    /* a path could not be read, or a limit was met */
    const char *barren; /* a folder, or all of the input, that held nothing; NULL: there was none */
} input;

/* Reads all files; `flags` are added to those that the options ask for. Broken documents are no
 * failure of this call: TOOL_YES, or TOOL_FAILED when it has said why (nothing given, no memory).
 */
int input_read(input *in, const args *a, uint32_t flags);
/* The same where there need not be any file, and what was read must be whole: TOOL_YES, or another
 * code, said already. */
int input_read_more(input *in, const args *a, const output *out);
void input_free(input *in);

/* A check of nothing has found nothing: TOOL_YES, or TOOL_BAD_INPUT when it has said where that
 * was.
 */
int input_refuse_barren(const input *in);

/* Whether something could not be loaded. */
bool input_is_broken(const input *in);

/* Says what reading found, and whether an answer may rest on it: TOOL_YES, or TOOL_BAD_INPUT. */
int input_accept(const input *in, const args *a, const output *out);

/* Whether --semantics all was given: an answer, and the presets that answer otherwise. */
bool args_all_presets(const args *a);

/* Makes the engine; fails closed unless --keep-going. TOOL_YES, or another code, said already. */
int input_engine(input *in, const args *a, const output *out, netpol_engine **engine);

/* Reads, makes the engine, and answers with it. The code to end with. */
typedef int (*input_answer)(const args *a, output *out, input *in, const netpol_engine *engine);
int input_run(const args *a, output *out, input_answer answer);

#endif
