/* SPDX-License-Identifier: MIT */
/* Reports for machines: schema netpol.check/v1. Keys are only ever added, and stay in this order.
 */
#include "check.h"

#define SCHEMA "\"schema\":\"netpol.check/v1\""

static void put_text(np_buffer *b, const char *key, const char *text)
{
    np_buffer_format(b, ",\"%s\":", key);
    np_buffer_json(b, np_slice_of(text ? text : ""));
}

static void put_text_or_null(np_buffer *b, const char *key, const char *text)
{
    if (text)
        put_text(b, key, text);
    else
        np_buffer_format(b, ",\"%s\":null", key);
}

static void put_place(np_buffer *b, const char *key, uint32_t place)
{
    if (place)
        np_buffer_format(b, ",\"%s\":%lu", key, (unsigned long)place);
    else
        np_buffer_format(b, ",\"%s\":null", key);
}

static void put_diagnostic(np_buffer *b, const netpol_diagnostic *d)
{
    np_buffer_format(b, "{\"stage\":\"%s\"", np_stage_name(d->stage));
    put_text(b, "severity", np_severity_name(d->severity));
    put_text(b, "code", netpol_code_name(d->code));
    put_text(b, "message", d->message);
    put_text_or_null(b, "path", d->path);
    put_place(b, "line", d->line);
    put_place(b, "column", d->column);
    put_text_or_null(b, "hint", d->hint);
    np_buffer_char(b, '}');
}

static const char *validity(np_outcome outcome)
{
    if (outcome == NP_OUTCOME_VALID)
        return ",\"valid\":true";
    return outcome == NP_OUTCOME_INVALID ? ",\"valid\":false" : ",\"valid\":null,\"skipped\":true";
}

/* All keys of a document but the first. */
static void put_document(np_buffer *b, const np_review *x)
{
    const netpol_document_info *d = x->document;
    np_buffer_text(b, "\"source\":");
    np_buffer_json(b, np_slice_of(d->source ? d->source : ""));
    np_buffer_format(b, ",\"index\":%lu,\"item\":", (unsigned long)d->document);
    if (d->item < 0)
        np_buffer_text(b, "null");
    else
        np_buffer_format(b, "%ld", (long)d->item);
    put_text(b, "apiVersion", d->api_version);
    put_text(b, "kind", d->kind);
    put_text(b, "name", d->name);
    put_text(b, "namespace", d->namespace_name);
    np_buffer_text(b, validity(x->outcome));
    np_buffer_text(b, ",\"diagnostics\":[");
    for (size_t i = 0; i < np_review_count(x); i++) {
        if (i)
            np_buffer_char(b, ',');
        put_diagnostic(b, np_review_at(x, i));
    }
    np_buffer_char(b, ']');
}

static void jsonl_document(np_report *r, const np_review *x)
{
    np_buffer_text(&r->out, "{" SCHEMA ",");
    put_document(&r->out, x);
    np_buffer_text(&r->out, "}\n");
}

static void json_begin(np_report *r)
{
    np_buffer_text(&r->out, "{" SCHEMA ",\"documents\":[");
}

static void json_document(np_report *r, const np_review *x)
{
    np_buffer_text(&r->out, r->more ? ",{" : "{");
    r->more = true;
    put_document(&r->out, x);
    np_buffer_char(&r->out, '}');
}

static void json_end(np_report *r)
{
    const size_t *n = r->outcomes;
    np_buffer_format(&r->out, "],\"ignored_policies\":%zu,\"summary\":{\"documents\":%zu",
                     n[NP_OUTCOME_FOREIGN], np_report_documents(r));
    np_buffer_format(&r->out, ",\"valid\":%zu,\"invalid\":%zu,\"skipped\":%zu,\"foreign\":%zu",
                     n[NP_OUTCOME_VALID], n[NP_OUTCOME_INVALID], n[NP_OUTCOME_SKIPPED],
                     n[NP_OUTCOME_FOREIGN]);
    size_t dropped = netpol_diagnostics_dropped(r->manifests->diags);
    if (dropped)
        np_buffer_format(&r->out, ",\"dropped_diagnostics\":%zu", dropped);
    np_buffer_text(&r->out, "}}\n");
}

const np_report_format np_report_jsonl = {.document = jsonl_document};
const np_report_format np_report_json = {json_begin, json_document, json_end};
