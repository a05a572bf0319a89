/* SPDX-License-Identifier: MIT */
/* check owns the report of netpol_manifests_check: what reading and validating found, document by
 * document, in four formats. It knows no rule. */
#ifndef NP_CHECK_REPORT_H
#define NP_CHECK_REPORT_H

#include "manifests.h"

typedef enum np_outcome {
    NP_OUTCOME_VALID = 1,
    NP_OUTCOME_INVALID,
    NP_OUTCOME_SKIPPED, /* of a kind that libnetpol does not use */
    NP_OUTCOME_FOREIGN  /* a policy of another system */
} np_outcome;

/* One document with all that was found about it: by reading first, then by validating. */
typedef struct np_review {
    const netpol_document_info *document;
    np_outcome outcome;
    const netpol_diagnostics *read;
    const netpol_diagnostics *validated;
} np_review;

size_t np_review_count(const np_review *r);
const netpol_diagnostic *np_review_at(const np_review *r, size_t i);

/* A place in a text, moved from line to line. */
typedef struct np_cursor {
    const char *source; /* whose text it is; NULL: none yet */
    np_slice text;      /* n 0: not kept */
    size_t at;          /* where `line` begins */
    uint32_t line;
} np_cursor;

#define NP_CODES 1024

typedef struct np_report {
    const netpol_manifests *manifests;
    np_buffer out;
    bool more; /* something stands in the list already: a comma is due */
    size_t outcomes[NP_OUTCOME_FOREIGN + 1];
    np_cursor cursor;              /* of text */
    uint64_t codes[NP_CODES / 64]; /* of SARIF: those that occurred */
} np_report;

size_t np_report_documents(const np_report *r);

/* A format is what it writes before, for each document, and after. Each may be NULL. */
typedef struct np_report_format {
    void (*begin)(np_report *r);
    void (*document)(np_report *r, const np_review *x);
    void (*end)(np_report *r);
} np_report_format;

extern const np_report_format np_report_text;
extern const np_report_format np_report_json;
extern const np_report_format np_report_jsonl;
extern const np_report_format np_report_sarif;

#endif
