/* SPDX-License-Identifier: MIT */
/* Text for people: what a file name or a value of somebody else's may not do to a terminal or a
 * log, and numbers of things. */
#include "str.h"

#include "netpol/diagnostics.h"

#include <stdio.h>

/* Controls, line ends, and what turns or hides the text around it (Unicode's bidirectional and
 * invisible format characters). A tab is a blank; joiners are letters' business. */
static bool is_shown_by_number(uint32_t r)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x00, 0x08},     {0x0a, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},
        {0x061c, 0x061c}, {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (ranges[i].first <= r && r <= ranges[i].last)
            return true;
    return false;
}

size_t np_visible_form(const char *p, size_t n, char out[NP_VISIBLE_FORM], size_t *length)
{
    uint32_t r;
    size_t bytes = np_utf8_read(p, n, &r);
    int put = 0;
    if (bytes == 0)
        put = snprintf(out, NP_VISIBLE_FORM, "\\x%02x", (unsigned)(unsigned char)*p);
    else if (is_shown_by_number(r))
        put = snprintf(out, NP_VISIBLE_FORM,
                       r < 0x80      ? "\\x%02x"
                       : r < 0x10000 ? "\\u%04x"
                                     : "\\U%08x",
                       (unsigned)r);
    *length = (size_t)put;
    return bytes ? bytes : 1;
}

netpol_status netpol_visible(const char *text, size_t n, const netpol_sink *to)
{
    if ((!text && n) || !to || !to->write)
        return NETPOL_MISUSE;
    netpol_status status = NETPOL_OK;
    size_t done = 0; /* bytes that were handed over */
    for (size_t i = 0; i < n && status == NETPOL_OK;) {
        char form[NP_VISIBLE_FORM];
        size_t length;
        size_t bytes = np_visible_form(text + i, n - i, form, &length);
        if (length && i > done)
            status = to->write(to->ctx, text + done, i - done);
        if (length && status == NETPOL_OK)
            status = to->write(to->ctx, form, length);
        i += bytes;
        done = length ? i : done;
    }
    return status == NETPOL_OK && n > done ? to->write(to->ctx, text + done, n - done) : status;
}

static netpol_status append(void *ctx, const char *bytes, size_t n)
{
    np_buffer_add(ctx, bytes, n);
    return NETPOL_OK;
}

void np_buffer_visible(np_buffer *b, np_slice s)
{
    (void)netpol_visible(s.p, s.n, &(netpol_sink){append, b});
}

void np_buffer_count(np_buffer *b, size_t n, const char *one, const char *many)
{
    np_buffer_format(b, "%zu %s", n, n == 1 ? one : many);
}
