/* SPDX-License-Identifier: MIT */
/* Reports for people: as a compiler writes them, with the source line and a caret. */
#include "check.h"

/* ---- finding a line ---- */

/* The text of a source, from its first line. */
static void open_source(np_report *r, const char *source)
{
    np_cursor *c = &r->cursor;
    *c = (np_cursor){.source = source, .line = 1};
    c->text.p = netpol_manifests_text(r->manifests, source, &c->text.n);
    if (!c->text.p)
        c->text.n = 0;
    if (c->text.n >= 3 && memcmp(c->text.p, "\xef\xbb\xbf", 3) == 0)
        c->at = 3;
}

/* Whether a line ends with the byte at i: LF, CR LF, or CR alone. */
static bool ends_line(np_slice text, size_t i)
{
    return text.p[i] == '\n' || (text.p[i] == '\r' && (i + 1 == text.n || text.p[i + 1] != '\n'));
}

static void step_forward(np_cursor *c)
{
    while (c->at < c->text.n && !ends_line(c->text, c->at))
        c->at++;
    c->at += c->at < c->text.n;
    c->line++;
}

static void step_back(np_cursor *c)
{
    c->at -= c->at > 0;
    while (c->at > 0 && !ends_line(c->text, c->at - 1))
        c->at--;
    c->line--;
}

/* Moves from where the last one was, since diagnostics mostly follow the text. False: no such line.
 */
static bool find_line(np_report *r, const char *source, uint32_t line, np_slice *out)
{
    np_cursor *c = &r->cursor;
    if (!line || !source)
        return false;
    if (!c->source || strcmp(c->source, source) != 0)
        open_source(r, source);
    while (c->line < line && c->at < c->text.n)
        step_forward(c);
    while (c->line > line)
        step_back(c);
    if (c->line != line || c->at >= c->text.n)
        return false;
    size_t end = c->at;
    while (end < c->text.n && c->text.p[end] != '\n' && c->text.p[end] != '\r')
        end++;
    *out = (np_slice){c->text.p + c->at, end - c->at};
    return true;
}

/* ---- the line and its caret ---- */

#define WIDEST 100
#define BEFORE_CARET 40

/* Characters of a line; the bytes of the one at hand. */
static size_t character(np_slice line, size_t i)
{
    uint32_t rune;
    size_t n = np_utf8_read(line.p + i, line.n - i, &rune);
    return n ? n : 1;
}

/* Where the character of a column (from 0) begins. */
static size_t offset_of(np_slice line, size_t column)
{
    size_t i = 0;
    while (i < line.n && column--)
        i += character(line, i);
    return i;
}

/* The part of a long line that is shown: from, to in bytes. */
static np_slice window(np_slice line, size_t column)
{
    size_t from = column > WIDEST - BEFORE_CARET ? offset_of(line, column - BEFORE_CARET) : 0;
    np_slice rest = {line.p + from, line.n - from};
    return (np_slice){rest.p, offset_of(rest, WIDEST)};
}

/* A blank for each character before the caret, as it is shown, and a tab for a tab. */
static void put_caret(np_buffer *b, np_slice line, np_slice shown, size_t column)
{
    np_buffer_text(b, "      | ");
    if (shown.p > line.p)
        np_buffer_text(b, "   ");
    const char *caret = line.p + offset_of(line, column);
    for (const char *p = shown.p; p < caret;) {
        char form[NP_VISIBLE_FORM];
        size_t length;
        size_t bytes = np_visible_form(p, (size_t)(caret - p), form, &length);
        np_buffer_repeat(b, *p == '\t' ? '\t' : ' ', length ? length : 1);
        p += bytes;
    }
    np_buffer_text(b, "^\n");
}

static void put_source(np_report *r, const char *source, const netpol_diagnostic *d)
{
    np_slice line;
    if (!find_line(r, source, d->line, &line))
        return;
    size_t column = d->column ? d->column - 1 : 0;
    np_slice shown = window(line, column);
    np_buffer_format(&r->out, "%5lu | ", (unsigned long)d->line);
    if (shown.p > line.p)
        np_buffer_text(&r->out, "...");
    np_buffer_visible(&r->out, shown);
    np_buffer_text(&r->out, shown.p + shown.n < line.p + line.n ? "...\n" : "\n");
    if (d->column)
        put_caret(&r->out, line, shown, column);
}

/* ---- diagnostics ---- */

static void put_visible(np_buffer *b, const char *before, const char *text, const char *behind)
{
    np_buffer_text(b, before);
    np_buffer_visible(b, np_slice_of(text));
    np_buffer_text(b, behind);
}

static void put_place(np_buffer *b, const char *source, const netpol_diagnostic *d)
{
    np_buffer_visible(b, np_slice_of(source));
    if (d->line)
        np_buffer_format(b, ":%lu", (unsigned long)d->line);
    if (d->line && d->column)
        np_buffer_format(b, ":%lu", (unsigned long)d->column);
    np_buffer_text(b, ": ");
}

/* The API server's messages name their field themselves. */
static void put_message(np_buffer *b, const netpol_diagnostic *d)
{
    if (d->path && !strstr(d->message, d->path))
        put_visible(b, "", d->path, ": ");
    np_buffer_visible(b, np_slice_of(d->message));
}

static void put_diagnostic(np_report *r, const char *source, const netpol_diagnostic *d)
{
    np_buffer *b = &r->out;
    put_place(b, source, d);
    np_buffer_format(b, "%s: ", np_severity_name(d->severity));
    put_message(b, d);
    np_buffer_format(b, " [%s]\n", netpol_code_name(d->code));
    put_source(r, source, d);
    if (d->hint)
        put_visible(b, "      hint: ", d->hint, "\n");
}

/* "pods.yaml: In NetworkPolicy shop/web:" goes before what was found in it. */
static void put_title(np_buffer *b, const char *source, const netpol_document_info *d)
{
    if (!d->kind || !*d->kind || !d->name || !*d->name)
        return;
    put_visible(b, "", source, ": In ");
    put_visible(b, "", d->kind, " ");
    if (d->namespace_name && *d->namespace_name)
        put_visible(b, "", d->namespace_name, "/");
    put_visible(b, "", d->name, ":\n");
}

static void document(np_report *r, const np_review *x)
{
    const char *source = x->document->source ? x->document->source : "";
    size_t n = np_review_count(x);
    if (n)
        put_title(&r->out, source, x->document);
    for (size_t i = 0; i < n; i++)
        put_diagnostic(r, source, np_review_at(x, i));
}

static void end(np_report *r)
{
    size_t n = np_report_documents(r);
    np_buffer_count(&r->out, n, "document", "documents");
    np_buffer_format(&r->out, ": %zu valid, %zu invalid, %zu skipped",
                     r->outcomes[NP_OUTCOME_VALID], r->outcomes[NP_OUTCOME_INVALID],
                     r->outcomes[NP_OUTCOME_SKIPPED]);
    if (r->outcomes[NP_OUTCOME_FOREIGN])
        np_buffer_format(&r->out, ", %zu of another policy system",
                         r->outcomes[NP_OUTCOME_FOREIGN]);
    np_buffer_char(&r->out, '\n');
    size_t dropped = netpol_diagnostics_dropped(r->manifests->diags);
    if (!dropped)
        return;
    np_buffer_count(&r->out, dropped, "more finding is", "more findings are");
    np_buffer_text(&r->out, " not shown: too many to keep\n");
}

const np_report_format np_report_text = {.document = document, .end = end};
