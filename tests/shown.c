/* SPDX-License-Identifier: MIT */
#include "shown.h"

static void show_scalar(np_buffer *b, const np_event *e)
{
    static const char marks[] = {0, 0, '\'', '"', '|', '>'};
    if (e->merged)
        np_buffer_char(b, '<');
    if (marks[e->style])
        np_buffer_char(b, marks[e->style]);
    np_buffer_add(b, e->value.p, e->value.n);
    if (marks[e->style])
        np_buffer_char(b, marks[e->style]);
    else if (e->value.n == 0)
        np_buffer_char(b, '~');
    np_buffer_char(b, ' ');
}

static void show_event(np_buffer *b, const np_event *e)
{
    static const char *const signs[] = {"", "", "[ ", "] ", "{ ", "} ", "", ""};
    if (e->tag.n) {
        np_buffer_char(b, '(');
        np_buffer_add(b, e->tag.p, e->tag.n);
        np_buffer_char(b, ')');
    }
    if (e->type == NP_EVENT_SCALAR)
        show_scalar(b, e);
    else
        np_buffer_text(b, signs[e->type]);
}

static void show_document(np_buffer *b, np_text *t, const netpol_diagnostics *diags)
{
    while (np_text_peek(t)->type < NP_EVENT_END) {
        show_event(b, np_text_peek(t));
        np_text_take(t);
    }
    if (np_text_peek(t)->type == NP_EVENT_END)
        return;
    size_t n = netpol_diagnostics_count(diags);
    const netpol_diagnostic *d = netpol_diagnostics_at(diags, n - 1);
    assert_int_equal(d->severity, NETPOL_ERROR);
    np_buffer_format(b, "error %s %u:%u ", netpol_code_name(d->code), d->line, d->column);
}

test_reading test_read_shown(const char *bytes, size_t n, const netpol_options *options)
{
    netpol_options o;
    assert_true(np_options_read(options, &o));
    test_reading r = {.diags = netpol_diagnostics_new(&o)};
    np_buffer_init(&r.shown, &np_libc_allocator);
    np_text *t = NULL;
    np_document doc;
    char *exact = malloc(n ? n : 1); /* so that a sanitizer sees a step beyond the end */
    memcpy(exact, bytes, n);
    r.end = np_text_open(&t, &o, "in", exact, n, r.diags);
    while (r.end == NETPOL_OK || r.end == NETPOL_INVALID) {
        size_t before = netpol_diagnostics_count(r.diags);
        r.end = np_text_next(t, &doc);
        if (r.end != NETPOL_OK && r.end != NETPOL_INVALID)
            break;
        assert_int_equal(doc.index, r.documents);
        if (r.documents++)
            np_buffer_text(&r.shown, "; ");
        show_document(&r.shown, t, r.diags);
        bool failed = np_text_status(t) != NETPOL_OK;
        assert_int_equal(netpol_diagnostics_count(r.diags) - before, failed);
        assert_int_equal(np_text_peek(t)->type, failed ? NP_EVENT_ERROR : NP_EVENT_END);
    }
    np_text_close(t);
    free(exact);
    if (r.shown.n)
        r.shown.n--;
    np_buffer_char(&r.shown, '\0');
    return r;
}

void test_reading_free(test_reading *r)
{
    np_buffer_free(&r->shown);
    netpol_diagnostics_free(r->diags);
}

void test_expect_shown(const test_shown_case *cases, size_t n, const netpol_options *o)
{
    for (size_t i = 0; i < n; i++) {
        test_reading r = test_read_shown(cases[i].text, strlen(cases[i].text), o);
        if (strcmp(r.shown.p, cases[i].shown) != 0)
            fail_msg("%s:\n  got      %s\n  expected %s", cases[i].why, r.shown.p, cases[i].shown);
        assert_int_equal(r.end, NETPOL_NOT_FOUND);
        test_reading_free(&r);
    }
}
