/* SPDX-License-Identifier: MIT */
#include "findings.h"

#include "str.h"

netpol_manifests *test_read_with(const char *name, const char *text, uint32_t flags)
{
    netpol_options o = {.size = sizeof o, .flags = flags};
    netpol_manifests *m;
    assert_int_equal(netpol_manifests_new(&o, &m), NETPOL_OK);
    (void)netpol_manifests_read_memory(m, name, text, strlen(text), NULL);
    return m;
}

static void add_finding(np_buffer *b, const netpol_diagnostic *d)
{
    np_buffer_format(b, "%d %s %u:%u %s", d->code, d->path ? d->path : "-", d->line, d->column,
                     d->message);
    if (d->hint)
        np_buffer_format(b, " | %s", d->hint);
    np_buffer_char(b, '\n');
}

static void add_findings(np_buffer *b, const netpol_diagnostics *d)
{
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++)
        add_finding(b, netpol_diagnostics_at(d, i));
}

void test_expect_findings(const char *why, const char *text, uint32_t flags, const char *findings)
{
    netpol_manifests *m = test_read_with("x", text, flags);
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    add_findings(&b, netpol_manifests_diagnostics(m));
    np_buffer_char(&b, '\0');
    if (strcmp(b.p, findings) != 0)
        fail_msg("%s:\n%s\nfound:\n%sexpected:\n%s", why, text, b.p, findings);
    np_buffer_free(&b);
    netpol_manifests_free(m);
}
