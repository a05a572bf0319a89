/* SPDX-License-Identifier: MIT */
/* Strings where brackets, braces and commas mean something. */
#include "text.h"
#include "write.h"

/* Characters of a plain scalar that mean nothing anywhere, in flow collections either. */
static bool is_plain_word(np_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (i == 0 || !c || !strchr("._/-+", c)))
            return false;
    }
    return s.n > 0 && !np_scalar_needs_quotes(s);
}

void np_write_flow_string(np_buffer *b, np_slice s)
{
    if (is_plain_word(s))
        np_buffer_add(b, s.p, s.n);
    else
        np_write_double_quoted(b, s);
}
