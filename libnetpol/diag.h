/* SPDX-License-Identifier: MIT */
/* diag owns what is said to the user: diagnostics, their codes, field paths. It knows no kind. */
#ifndef NP_DIAG_H
#define NP_DIAG_H

#include "str.h"

#include "netpol/diagnostics.h"

/* NP_CODE_<NAME> for every row of diag_codes.def; the value is the code's number. */
enum {
#define NP_CODE(number, name, severity, stage, meaning, fix, source) NP_CODE_##name = (number),
#include "diag_codes.def"
#undef NP_CODE
};

/* A field path under construction, on the stack: each step knows the one above. NULL is the root. */
typedef struct np_path {
    const struct np_path *up;
    const char *name; /* API field name, or NULL for a list element */
    uint32_t index;   /* list element, when name is NULL */
} np_path;

static inline np_path np_path_field(const np_path *up, const char *name)
{
    return (np_path){up, name, 0};
}
static inline np_path np_path_index(const np_path *up, size_t index)
{
    return (np_path){up, NULL, (uint32_t)index};
}
/* Appends "spec.ingress[0].ports[1]". */
void np_path_format(np_buffer *b, const np_path *path);

/* Where a diagnostic belongs. Strings are copied when one is added. Zero and NULL mean unknown. */
typedef struct np_where {
    const char *source;
    const char *object; /* "NetworkPolicy shop/allow-web" */
    uint32_t line;
    uint32_t column;
    uint32_t document;
    int32_t item; /* -1: not in a list */
} np_where;

/* Adds a diagnostic; `list` may be NULL. The message is formatted as by printf; hint may be NULL.
 * Never fails: what has no room is counted as dropped. */
void np_diag(netpol_diagnostics *list, int32_t code, const np_where *where, const np_path *path,
             const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* As np_diag, with a finished path and message (which may hold any bytes but NUL). Each may be NULL. */
void np_diag_text(netpol_diagnostics *list, int32_t code, const np_where *where, const char *path,
                  const char *hint, const char *message);

/* Adds a copy of another list's diagnostics from index `first` on. */
void np_diag_append(netpol_diagnostics *list, const netpol_diagnostics *from, size_t first);
/* Counts n more that are not kept. */
void np_diag_drop(netpol_diagnostics *list, size_t n);
/* Takes back all diagnostics from index `first` on. Their memory stays until clear or free. */
void np_diag_truncate(netpol_diagnostics *list, size_t first);
/* Errors among the diagnostics from index `first` on. */
size_t np_diag_errors(const netpol_diagnostics *list, size_t first);

const char *np_severity_name(int32_t severity); /* "error", "warning", "note" */
const char *np_stage_name(int32_t stage);       /* "syntax", … */

#endif
