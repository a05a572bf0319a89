/* SPDX-License-Identifier: MIT */
/* Reports for code scanning: SARIF 2.1.0 (OASIS). Artifact URIs are relative: to where the program
 * was started, or to the root of the file system for a file that was named so. */
#include "check.h"

static void put_key(np_buffer *b, const char *key, const char *text)
{
    np_buffer_format(b, "\"%s\":", key);
    np_buffer_json(b, np_slice_of(text));
}

static void put_message(np_buffer *b, const char *key, const char *text, const char *hint)
{
    np_buffer whole;
    np_buffer_init(&whole, &b->alloc);
    np_buffer_text(&whole, text);
    if (hint)
        np_buffer_format(&whole, "\nhint: %s", hint);
    np_buffer_format(b, "\"%s\":{\"text\":", key);
    np_buffer_json(b, (np_slice){whole.p, whole.n});
    np_buffer_char(b, '}');
    b->failed |= whole.failed;
    np_buffer_free(&whole);
}

static bool stays_in_uri(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("-._~/", c));
}

/* A file name as a relative URI reference (RFC 3986). A first segment with a colon cannot be taken
 * for a scheme, since the colon is escaped. */
static void put_uri(np_buffer *b, const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        name += 2;
    while (*name == '/')
        name++;
    np_buffer_char(b, '"');
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if (stays_in_uri(c))
            np_buffer_char(b, *name);
        else
            np_buffer_format(b, "%%%02X", c);
    }
    np_buffer_char(b, '"');
}

static void put_region(np_buffer *b, uint32_t line, uint32_t column)
{
    if (!line)
        return;
    np_buffer_format(b, ",\"region\":{\"startLine\":%lu", (unsigned long)line);
    if (column)
        np_buffer_format(b, ",\"startColumn\":%lu", (unsigned long)column);
    np_buffer_char(b, '}');
}

static void put_location(np_buffer *b, const netpol_diagnostic *d, const char *source)
{
    np_buffer_text(b, "\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
    put_uri(b, source);
    if (*source == '/')
        np_buffer_text(b, ",\"uriBaseId\":\"ROOT\"");
    np_buffer_char(b, '}');
    put_region(b, d->line, d->column);
    np_buffer_char(b, '}');
    if (d->path || d->object) {
        np_buffer_text(b, ",\"logicalLocations\":[{");
        put_key(b, "fullyQualifiedName", d->path ? d->path : d->object);
        np_buffer_text(b, "}]");
    }
    np_buffer_text(b, "}]");
}

static void put_result(np_report *r, const netpol_diagnostic *d, const char *source)
{
    np_buffer *b = &r->out;
    np_buffer_text(b, r->more ? ",{" : "{");
    r->more = true;
    put_key(b, "ruleId", netpol_code_name(d->code));
    np_buffer_char(b, ',');
    put_key(b, "level", np_severity_name(d->severity));
    np_buffer_char(b, ',');
    put_message(b, "message", d->message, d->hint);
    np_buffer_char(b, ',');
    put_location(b, d, source);
    np_buffer_char(b, '}');
    if (d->code > 0 && d->code < NP_CODES)
        r->codes[d->code / 64] |= (uint64_t)1 << d->code % 64;
}

static void begin(np_report *r)
{
    np_buffer_text(&r->out,
                   "{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/"
                   "schemas/sarif-schema-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{"
                   "\"columnKind\":\"unicodeCodePoints\",\"originalUriBaseIds\":{\"ROOT\":{"
                   "\"uri\":\"file:///\"}},\"results\":[");
}

static void document(np_report *r, const np_review *x)
{
    const char *source = x->document->source ? x->document->source : "";
    for (size_t i = 0; i < np_review_count(x); i++)
        put_result(r, np_review_at(x, i), source);
}

static void put_rule(np_buffer *b, int32_t code)
{
    np_buffer_char(b, '{');
    put_key(b, "id", netpol_code_name(code));
    np_buffer_char(b, ',');
    put_message(b, "shortDescription", netpol_code_meaning(code), NULL);
    np_buffer_char(b, '}');
}

/* A list without its end must not look whole. */
static void put_dropped(np_report *r)
{
    np_buffer *b = &r->out;
    size_t dropped = netpol_diagnostics_dropped(r->manifests->diags);
    if (!dropped)
        return;
    np_buffer_text(b, ",\"invocations\":[{\"executionSuccessful\":true,"
                      "\"toolExecutionNotifications\":[{\"level\":\"warning\",\"message\":{"
                      "\"text\":\"");
    np_buffer_count(b, dropped, "more finding is", "more findings are");
    np_buffer_text(b, " not shown: too many to keep\"}}]}]");
}

/* The rules come last: only those that some result names. */
static void end(np_report *r)
{
    np_buffer *b = &r->out;
    np_buffer_text(b, "],\"tool\":{\"driver\":{\"name\":\"netpol\",");
    put_key(b, "version", netpol_version_text());
    np_buffer_text(b, ",\"rules\":[");
    bool more = false;
    for (int32_t code = 1; code < NP_CODES; code++) {
        if (!(r->codes[code / 64] >> code % 64 & 1))
            continue;
        if (more)
            np_buffer_char(b, ',');
        put_rule(b, code);
        more = true;
    }
    np_buffer_text(b, "]}}");
    put_dropped(r);
    np_buffer_text(b, "}]}\n");
}

const np_report_format np_report_sarif = {begin, document, end};
