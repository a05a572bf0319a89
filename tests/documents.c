/* SPDX-License-Identifier: MIT */
#include "documents.h"

#include "str.h"

netpol_manifests *test_empty_list(netpol_options o)
{
    o.size = sizeof o;
    netpol_manifests *m;
    assert_int_equal(netpol_manifests_new(&o, &m), NETPOL_OK);
    return m;
}

netpol_status test_list_read(netpol_manifests *m, const char *text)
{
    return netpol_manifests_read_memory(m, "t", text, strlen(text), NULL);
}

static void add_documents(np_buffer *b, const netpol_manifests *m)
{
    for (size_t i = 0; i < netpol_manifests_document_count(m); i++) {
        const netpol_document_info *d = netpol_manifests_document_at(m, i);
        np_buffer_format(b, "%s:%u", d->source, d->document);
        if (d->item >= 0)
            np_buffer_format(b, ".%d", d->item);
        np_buffer_format(b, " %u %c %s %s %s/%s %zu%s\n", d->line, " OBSF"[d->state],
                         d -> api_version, d -> kind, d -> namespace_name, d -> name,
                         d -> n_diagnostics, d -> object ? " x" : "");
    }
    np_buffer_char(b, '\0');
}

void test_expect_documents(const char *why, const netpol_manifests *m, const char *lines)
{
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    add_documents(&b, m);
    if (strcmp(b.p, lines) != 0)
        fail_msg("%s:\n%sexpected:\n%s", why, b.p, lines);
    np_buffer_free(&b);
}
