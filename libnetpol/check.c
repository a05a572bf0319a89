/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "netpol/question.h"

#define FLUSH_AT 65536

/* ---- one document ---- */

size_t np_review_count(const np_review *r)
{
    return r->document->n_diagnostics + netpol_diagnostics_count(r->validated);
}

const netpol_diagnostic *np_review_at(const np_review *r, size_t i)
{
    size_t n_read = r->document->n_diagnostics;
    if (i < n_read)
        return netpol_diagnostics_at(r->read, r->document->first_diagnostic + i);
    return netpol_diagnostics_at(r->validated, i - n_read);
}

size_t np_report_documents(const np_report *r)
{
    size_t n = 0;
    for (size_t i = 0; i <= NP_OUTCOME_FOREIGN; i++)
        n += r->outcomes[i];
    return n;
}

typedef struct checker {
    const netpol_manifests *manifests;
    netpol_check_options how;
    netpol_options validation; /* the allocator and flags of netpol_object_validate */
    netpol_diagnostics *found; /* of the document at hand */
    const np_report_format *format;
    np_report report;
} checker;

/* With a kind that alone is accepted, every other one is as unknown as if the server lacked it. */
static bool is_accepted(const checker *c, const netpol_document_info *d)
{
    if (!c->how.kind || d->state == NETPOL_DOCUMENT_BROKEN)
        return true;
    return d->state != NETPOL_DOCUMENT_FOREIGN && strcmp(d->kind, c->how.kind) == 0;
}

static void refuse_kind(const checker *c, const netpol_document_info *d)
{
    const np_where where = {.source = d->source,
                            .line = d->line,
                            .column = d->object ? d->object->column : 0,
                            .document = d->document,
                            .item = d->item};
    np_diag(c->found, NP_CODE_KIND_REFUSED, &where, NULL, NULL,
            "no matches for kind \"%s\" in version \"%s\"", d->kind, d->api_version);
}

static np_outcome outcome_of(const checker *c, const netpol_document_info *d)
{
    if (d->state == NETPOL_DOCUMENT_BROKEN || np_diag_errors(c->found, 0))
        return NP_OUTCOME_INVALID;
    if (d->state == NETPOL_DOCUMENT_FOREIGN)
        return NP_OUTCOME_FOREIGN;
    return d->state == NETPOL_DOCUMENT_SKIPPED ? NP_OUTCOME_SKIPPED : NP_OUTCOME_VALID;
}

/* The stages of the API server: a document whose only fault is an unknown field is validated too.
 */
static netpol_status review(checker *c, const netpol_document_info *d)
{
    netpol_diagnostics_clear(c->found);
    netpol_status status = NETPOL_OK;
    if (!is_accepted(c, d))
        refuse_kind(c, d);
    else if (d->object)
        status = netpol_object_validate(d->object, NULL, &c->validation, c->found);
    if (status != NETPOL_OK && status != NETPOL_INVALID)
        return status;
    np_review x = {.document = d,
                   .outcome = outcome_of(c, d),
                   .read = netpol_manifests_diagnostics(c->manifests),
                   .validated = c->found};
    c->report.outcomes[x.outcome]++;
    c->format->document(&c->report, &x);
    return NETPOL_OK;
}

/* Output is handed on in pieces, so a long list takes little memory. */
static netpol_status hand_on(checker *c, const netpol_sink *to, size_t at_least)
{
    if (c->report.out.failed)
        return NETPOL_NO_MEMORY;
    return c->report.out.n >= at_least ? np_buffer_flush(&c->report.out, to) : NETPOL_OK;
}

static netpol_status report_on(checker *c, const netpol_document_info *d, const netpol_sink *to)
{
    netpol_status status = review(c, d);
    return status == NETPOL_OK ? hand_on(c, to, FLUSH_AT) : status;
}

/* Diagnostics of no document are those of a file that could not be read: it stands for one. */
static netpol_status report_between(checker *c, size_t from, size_t before, const netpol_sink *to)
{
    const netpol_diagnostics *read = netpol_manifests_diagnostics(c->manifests);
    netpol_status status = NETPOL_OK;
    while (status == NETPOL_OK && from < before) {
        const netpol_diagnostic *x = netpol_diagnostics_at(read, from);
        const netpol_document_info d = {.source = x->source,
                                        .document = x->document,
                                        .item = x->item,
                                        .line = x->line,
                                        .state = NETPOL_DOCUMENT_BROKEN,
                                        .api_version = "",
                                        .kind = "",
                                        .name = "",
                                        .namespace_name = "",
                                        .first_diagnostic = from,
                                        .n_diagnostics = 1};
        status = report_on(c, &d, to);
        from++;
    }
    return status;
}

static netpol_status report_all(checker *c, const netpol_sink *to)
{
    netpol_status status = NETPOL_OK;
    size_t n = netpol_manifests_document_count(c->manifests);
    size_t seen = 0; /* diagnostics that are reported */
    for (size_t i = 0; status == NETPOL_OK && i < n; i++) {
        const netpol_document_info *d = netpol_manifests_document_at(c->manifests, i);
        status = report_between(c, seen, d->first_diagnostic, to);
        if (status == NETPOL_OK)
            status = report_on(c, d, to);
        seen = d->first_diagnostic + d->n_diagnostics;
    }
    size_t all = netpol_diagnostics_count(netpol_manifests_diagnostics(c->manifests));
    return status == NETPOL_OK ? report_between(c, seen, all, to) : status;
}

static netpol_status run(checker *c, const netpol_sink *to)
{
    if (c->format->begin)
        c->format->begin(&c->report);
    netpol_status status = report_all(c, to);
    if (status == NETPOL_OK && c->format->end)
        c->format->end(&c->report);
    return status == NETPOL_OK ? hand_on(c, to, 0) : status;
}

static const np_report_format *format_of(int32_t format)
{
    switch (format) {
    case NETPOL_FORMAT_TEXT:
        return &np_report_text;
    case NETPOL_FORMAT_JSON:
        return &np_report_json;
    case NETPOL_FORMAT_JSONL:
        return &np_report_jsonl;
    case NETPOL_FORMAT_SARIF:
        return &np_report_sarif;
    default:
        return NULL;
    }
}

netpol_status netpol_manifests_check(const netpol_manifests *manifests,
                                     const netpol_check_options *how, int32_t format,
                                     const netpol_sink *to, size_t *invalid)
{
    netpol_check_options given = {.size = sizeof given};
    const np_report_format *f = format_of(format);
    if (!manifests || !f || !to || !to->write || !np_sized_read(how, &given, sizeof given))
        return NETPOL_MISUSE;
    const netpol_allocator *alloc = &manifests->alloc;
    checker c = {.manifests = manifests, .how = given, .format = f};
    c.validation =
        (netpol_options){.size = sizeof c.validation, .allocator = alloc, .flags = given.flags};
    c.report.manifests = manifests;
    c.found = netpol_diagnostics_new(&c.validation);
    if (!c.found)
        return NETPOL_NO_MEMORY;
    np_buffer_init(&c.report.out, alloc);
    netpol_status status = run(&c, to);
    if (status == NETPOL_OK && invalid)
        *invalid = c.report.outcomes[NP_OUTCOME_INVALID];
    np_buffer_free(&c.report.out);
    netpol_diagnostics_free(c.found);
    return status;
}
